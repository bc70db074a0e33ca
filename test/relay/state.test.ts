// What one engine has stored, the other reads, whole, and so does this version what an earlier one has stored.
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ENGINES, type EngineName, startEngine } from '../../relay/run/engine.ts';
import { ask } from '../support/ask.ts';
import { readStory, STORY_CHANNEL, type StoredChannel, writeStory } from '../support/channel-story.ts';
import { findFreePort } from '../support/ports.ts';
import { findTestProgram } from '../support/program-under-test.ts';
import { patience } from '../support/slowness.ts';
import { ROOT } from '../support/sources.ts';
import { inTurn } from '../support/turn.ts';

const FIXTURE = path.join(ROOT, 'test', 'relay', 'fixtures', 'state-of-2d48d35');

let stateDir: string;
beforeEach(async () => {
	stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-state-'));
});
afterEach(() => rm(stateDir, { recursive: true, force: true, maxRetries: 3 }));

/** Runs an engine on the folder for as long as `use` takes. */
async function withEngine<T>(name: EngineName, use: (url: string) => Promise<T>): Promise<T> {
	const program = await findTestProgram(ROOT, name);
	// PartyKit chooses its inner ports before it takes them: two that start at once choose the same.
	const start = async () => startEngine({ port: await findFreePort(), stateDir, program, timeoutMs: patience(25_000) });
	const engine = await (name === 'partykit' ? inTurn('start', start) : start());
	try {
		return await use(engine.url);
	} finally {
		await engine.stop();
	}
}

const publish = async (url: string): Promise<number> => {
	const events = `${url}/channels/${STORY_CHANNEL}/events`;
	return (await ask(events, { method: 'POST', body: 'from the other one' })).body.seq;
};

const others: [EngineName, EngineName][] = ENGINES.map((one) => [one, ENGINES.find((name) => name !== one) ?? one]);

it.each(others)(
	'[LOG2] [LOG7] [KEY2] what %s has stored is read by %s, which goes on from there, and back',
	async (one, other) => {
		const before = await withEngine(one, async (url) => {
			await writeStory(url);
			return readStory(url);
		});
		expect(before.events).toHaveLength(30);
		expect(before.receipt).toMatchObject({ duplicate: true });
		const last = Math.max(...before.events.map(({ seq }) => seq));

		const [after, seq] = await withEngine(other, async (url) => [await readStory(url), await publish(url)] as const);
		expect(after).toEqual(before);
		expect(seq).toBe(last + 1);

		const again = await withEngine(one, readStory);
		expect(again.events.at(-1)).toMatchObject({ seq, text: 'from the other one' });
		expect({ ...again, events: again.events.slice(0, -1), versions: expect.anything() }).toEqual({
			...before,
			versions: expect.anything(),
		});
	},
);

it.each(ENGINES)('[LOG2] [LOG7] [KEY2] what commit 2d48d35 has stored is read by %s', async (engine) => {
	await cp(FIXTURE, stateDir, { recursive: true });
	const expected: StoredChannel = JSON.parse(await readFile(path.join(FIXTURE, 'read.json'), 'utf8'));
	const [read, seq] = await withEngine(engine, async (url) => [await readStory(url), await publish(url)] as const);
	expect(read).toEqual(expected);
	expect(seq).toBe(Math.max(...expected.events.map((event) => event.seq)) + 1);
});
