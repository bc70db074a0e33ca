// The contract of the log, over memory in Node and over real storage inside the engine.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryLog } from '../../relay/log-memory.ts';
import { type Engine, startEngine } from '../../relay/run/engine.ts';
import { findFreePort } from '../support/ports.ts';
import { withSeed } from '../support/random.ts';
import { patience } from '../support/slowness.ts';
import { CHANGE_CASES } from './change-cases.ts';
import { CASES } from './log-cases.ts';

const ALL = { ...CASES, ...CHANGE_CASES };

describe('a log in memory', () => {
	it.each(Object.entries(ALL))('%s', (_, run) =>
		withSeed(async (seed) => {
			const clock = { now: 1_800_000_000_000 };
			const retention = { entries: 100_000, ageMs: undefined };
			const log = new MemoryLog({ retention, clock: () => clock.now, createEpoch: () => 'k3f9a2' });
			await run({
				clock,
				seed,
				traffic: undefined,
				async open(changed) {
					Object.assign(retention, changed);
					await log.load();
					return log;
				},
				countStored: async () => 0,
				search: async () => [],
				settle: async () => {},
			});
		}),
	);
});

describe('a log in storage', () => {
	let engine: Engine;
	let stateDir: string;

	beforeAll(async () => {
		stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-contract-'));
		const root = fileURLToPath(new URL('host', import.meta.url));
		engine = await startEngine({ port: await findFreePort(), stateDir, root, timeoutMs: patience(60_000) });
	});

	afterAll(async () => {
		await engine?.stop();
		await rm(stateDir, { recursive: true, force: true, maxRetries: 3 });
	});

	it.each(Object.keys(ALL))('%s', (name) =>
		withSeed(async (seed) => {
			const response = await fetch(`${engine.url}/?${new URLSearchParams({ case: name, seed: String(seed) })}`);
			expect(await response.text()).toBe('passed');
		}),
	);
});
