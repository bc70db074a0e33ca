// What the contract suite cannot bring about on real storage: writes that fail, and answers that come late.
import { expect, it } from 'vitest';
import { createEntry } from '../../relay/log.ts';
import { emptyStorage, StorageLog } from '../../relay/log-storage.ts';
import { StorageFault } from '../../relay/storage-state.ts';
import { settle } from '../support/channel.ts';
import { MapStorage } from '../support/map-storage.ts';
import { createRandom, withSeed } from '../support/random.ts';

async function open(storage: MapStorage, entries = 100) {
	const failures: unknown[] = [];
	const options = { retention: { entries, ageMs: undefined }, clock: () => 1000, createEpoch: () => 'k3f9' };
	const log = new StorageLog(storage, options, (error) => failures.push(error));
	await log.load();
	const append = (text: string) => {
		const seq = log.last + 1;
		log.append([createEntry({ id: `k3f9:${seq}`, seq, time: 1000, type: 'message', text })], []);
	};
	return { log, failures, append };
}

it('[LOG4] retention between the lists of one page leaves no hole inside it', () =>
	withSeed(async (seed) => {
		const random = createRandom(seed);
		const storage = new MapStorage();
		const { log, append } = await open(storage, 80);
		const text = 'x'.repeat(9000); // 80 of them are more than the log holds in memory
		for (let index = 0; index < 80; index++) append(text);
		await settle();
		storage.isSlow = true;
		let cursor = 0;
		for (let round = 0; round < 40; round++) {
			let page: { event: { seq: number } }[] | undefined;
			log.read(cursor, 40).then((entries) => {
				page = entries;
			});
			while (!page) {
				await settle();
				for (let count = random.below(12); count > 0; count--) append(text);
				await settle();
				storage.release(random.between(1, 2));
				await settle();
			}
			for (const [index, { event }] of page.entries()) {
				if (index > 0) expect(event.seq).toBe((page[index - 1]?.event.seq ?? 0) + 1);
			}
			cursor = page.at(-1)?.event.seq ?? cursor;
		}
		expect(cursor).toBeGreaterThan(40);
	}));

it.each(['later', 'at once'] as const)(
	'[ERR4] a write that fails %s is told, and a new log has what was stored before',
	async (failure) => {
		const storage = new MapStorage();
		const { failures, append } = await open(storage);
		append('a');
		storage.failure = failure;
		if (failure === 'at once') expect(() => append('b')).toThrow('refused');
		else append('b');
		await settle();
		expect(failures).toHaveLength(1);
		storage.failure = undefined;
		const { log } = await open(storage);
		expect([log.epoch, log.last]).toEqual(['k3f9', 1]);
	},
);

it.each([
	['the head is missing', 'head', undefined],
	['the head has no epoch', 'head', {}],
	['a segment is no JSON', 'e:0000000000000001', new TextEncoder().encode('[0,{"id":"k3f9:1",')],
	['a segment is no list', 'e:0000000000000001', new TextEncoder().encode('{"seq":1}')],
	['an event has no place', 'e:0000000000000001', new TextEncoder().encode('[0,{"id":"k3f9:1","sep":1,"time":1}]')],
])('[CHAN4] a log does not load where %s, and loads once it is emptied', async (_, key, value) => {
	const storage = new MapStorage();
	const { append } = await open(storage);
	append('a');
	await settle();
	expect(storage.values.has(key)).toBe(true);
	if (value === undefined) storage.values.delete(key);
	else storage.values.set(key, value);
	await expect(open(storage)).rejects.toThrow(StorageFault);
	expect(storage.values.size).toBeGreaterThan(0); // nothing is lost by that
	await emptyStorage(storage, () => 'next');
	const { log } = await open(storage);
	expect([log.epoch, log.last]).toEqual(['next', 0]);
});
