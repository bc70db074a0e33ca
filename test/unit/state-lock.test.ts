import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isInUse, readOwner, STATE_VERSION, StateError, takeState } from '../../relay/run/state-lock.ts';
import { patience } from '../support/slowness.ts';

let stateDir: string;
let note: string;
beforeEach(async () => {
	stateDir = await mkdtemp(path.join(tmpdir(), 'live-feed-lock-'));
	note = path.join(stateDir, 'in-use-by');
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

const refusal = (taking: Promise<unknown>) =>
	taking.then(
		() => undefined,
		(error: StateError) => error,
	);
const read = () => readFile(note, 'utf8').catch(() => undefined);

/** A process that writes the note and touches it, as a relay in another container does. */
function runStranger(text: string, everyMs: number): { end: () => Promise<void> } {
	const script = `const fs = require('node:fs'); fs.writeFileSync(process.argv[1], process.argv[2]);
		setInterval(() => fs.utimesSync(process.argv[1], new Date(), new Date()), ${everyMs});`;
	const child = spawn(process.execPath, ['-e', script, note, text], { stdio: 'ignore' });
	return {
		async end() {
			child.kill('SIGKILL');
			await once(child, 'exit');
		},
	};
}

test('a folder is taken with its layout noted, and given back', async () => {
	const held = await takeState(stateDir);
	expect(await readFile(path.join(stateDir, 'version'), 'utf8')).toBe(`${STATE_VERSION}\n`);
	expect(readOwner(stateDir)).toMatchObject({ pid: process.pid, place: expect.stringContaining(hostname()) });
	held.release();
	expect(await read()).toBeUndefined();
	(await takeState(stateDir)).release();
});

test('of two processes that start at once, one has it', async () => {
	const taken = await Promise.allSettled([takeState(stateDir), takeState(stateDir)]);
	const held = taken.filter((one) => one.status === 'fulfilled');
	expect(held).toHaveLength(1);
	for (const { value } of held) value.release();
});

test.each(['2', '1.5', 'garbage'])('a folder of layout %s is refused', async (version) => {
	await writeFile(path.join(stateDir, 'version'), `${version}\n`);
	const error = await refusal(takeState(stateDir));
	expect(error).toMatchObject({
		reason: 'newer',
		message: expect.stringContaining(`layout ${version}, this one knows 1`),
	});
	expect(await read()).toBeUndefined();
});

test('a version that a crash left empty is written again', async () => {
	await writeFile(path.join(stateDir, 'version'), '');
	(await takeState(stateDir)).release();
	expect(await readFile(path.join(stateDir, 'version'), 'utf8')).toBe('1\n');
});

describe('an owner of this machine', () => {
	test('that runs keeps it; one that has ended does not', async () => {
		const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
		await writeFile(note, `${other.pid}\n`);
		expect(await refusal(takeState(stateDir))).toMatchObject({ reason: 'in-use' });
		// After a power loss the number may be another process's.
		await writeFile(note, `${other.pid} 1\n`);
		if (process.platform === 'linux') (await takeState(stateDir)).release();
		other.kill();
		await once(other, 'exit');
		await writeFile(note, `${other.pid}\n`);
		(await takeState(stateDir)).release();
	});
});

describe('an owner of another machine or container', () => {
	const FOREIGN = '1 4711 another-container/4026532999\n';

	test('that touches its note keeps it, and is named', async () => {
		const stranger = runStranger(FOREIGN, 500);
		await expect.poll(read).toBe(FOREIGN);
		const error = await refusal(takeState(stateDir));
		await stranger.end();
		expect(error).toMatchObject({
			reason: 'in-use',
			message: expect.stringContaining('process 1 of another machine or container (another-container)'),
		});
		expect(await read()).toBe(FOREIGN);
	});

	test(
		'that does not touch its note has ended, and loses it',
		async () => {
			await writeFile(note, FOREIGN);
			const held = await takeState(stateDir);
			expect(readOwner(stateDir)?.pid).toBe(process.pid);
			held.release();
		},
		patience(20_000),
	);

	test('whose note is old is not waited for', async () => {
		await writeFile(note, FOREIGN);
		const before = new Date(Date.now() - 2 * 3_600_000);
		await utimes(note, before, before);
		const since = performance.now();
		(await takeState(stateDir)).release();
		expect(performance.now() - since).toBeLessThan(1000);
	});

	test('that takes it is noticed by the one that had it, which leaves it the note', async () => {
		const held = await takeState(stateDir);
		const stranger = runStranger(FOREIGN, 500);
		await held.lost;
		held.release();
		expect(await read()).toBe(FOREIGN);
		await stranger.end();
	});

	test('sees our heartbeat', async () => {
		const held = await takeState(stateDir);
		const owner = { ...readOwner(stateDir), place: 'elsewhere/1' } as NonNullable<ReturnType<typeof readOwner>>;
		expect(await isInUse(stateDir, owner)).toBe(true);
		held.release();
	});
});

test('a folder that cannot be made is refused with the reason', async () => {
	const file = path.join(stateDir, 'file');
	await writeFile(file, '');
	const error = await refusal(takeState(path.join(file, 'state')));
	expect(error).toBeInstanceOf(StateError);
	expect(error).toMatchObject({ reason: 'unwritable', message: expect.stringContaining('(ENOTDIR)') });
	await mkdir(note);
	expect(await refusal(takeState(stateDir))).toMatchObject({ reason: 'unwritable' });
});
