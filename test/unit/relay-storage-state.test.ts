// What the relay says of its storage: each change once, whatever is asked of it.
import { expect, it } from 'vitest';
import { readTreeMemory } from '../../relay/run/machine-report.ts';
import { type StorageNote, StorageState } from '../../relay/storage-state.ts';

function open() {
	let now = 1_000_000;
	const notes: StorageNote[] = [];
	const state = new StorageState(
		() => now,
		(note) => notes.push(note),
	);
	return { state, notes, pass: (ms: number) => (now += ms) };
}

it('[ERR7] says once that the disk is full and once that it is not, and refuses drafts in between', () => {
	const { state, notes } = open();
	for (const isDiskFull of [false, true, true, true, false, false]) {
		state.setDisk({ isDiskFull, diskFreeBytes: 7 });
		expect(state.refusal?.code).toBe(isDiskFull ? 'storage-failed' : undefined);
	}
	expect(notes.map(({ storage }) => storage)).toEqual(['full', 'ok']);
});

it('[ERR7] tries a write again only after a while where the engine found the disk full', () => {
	const { state, pass } = open();
	state.fail('a', undefined, new Error('database or disk is full: SQLITE_FULL'));
	const { refusal } = state;
	expect(refusal).toMatchObject({ code: 'storage-failed', retryMs: expect.any(Number) });
	pass(refusal?.retryMs ?? 0);
	expect(state.refusal).toBeUndefined();
});

it('[CHAN4] names a channel that cannot be read and its file, once in ten minutes, and no more than 1,000 of them', () => {
	const { state, notes, pass } = open();
	for (let times = 0; times < 100; times++) state.fail('a', 'a.sqlite', new Error('x'.repeat(1000)));
	expect(notes).toEqual([
		{ level: 'error', storage: 'failed', channel: 'a', file: 'a.sqlite', reason: 'x'.repeat(200) },
	]);
	for (let n = 0; n < 3000; n++) state.fail(`channel-${n}`, undefined, new Error('x'));
	expect(notes).toHaveLength(1000);
	pass(600_000);
	state.fail('a', 'a.sqlite', new Error('x'));
	expect(notes).toHaveLength(1001);
});

it('[FIG5] counts the memory of a process and of all that it has started', () => {
	if (process.platform === 'linux') expect(readTreeMemory(process.pid)).toBeGreaterThan(10_000_000);
	expect(readTreeMemory(2 ** 30)).toBeUndefined();
});
