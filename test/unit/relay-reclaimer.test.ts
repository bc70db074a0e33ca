import { describe, expect, it } from 'vitest';
import { type ChannelFiles, Reclaimer } from '../../relay/reclaimer.ts';

/** Files as an engine has them: `open` while the storage is in use. */
class Folder implements ChannelFiles {
	readonly sizes = new Map<string, number>();
	readonly marks = new Set<string>();
	readonly open = new Set<string>();
	readonly removed: string[] = [];
	/** Called at each look at a file. */
	onLook: () => void | Promise<void> = () => {};

	nameOf(channel: string): string {
		return channel;
	}

	async isOpen(channel: string): Promise<boolean> {
		await this.onLook();
		return this.open.has(channel);
	}

	async isMarked(channel: string): Promise<boolean> {
		return this.marks.has(channel);
	}

	async sizeOf(channel: string): Promise<number | undefined> {
		return this.sizes.get(channel);
	}

	async remove(channel: string): Promise<void> {
		this.removed.push(channel);
		this.sizes.delete(channel);
		this.marks.delete(channel);
	}
}

const nobody = () => false;
const nothing = async () => {};

async function ask(reclaimer: Reclaimer, folder: Folder, channel: string, bytes = 4096): Promise<void> {
	await reclaimer.ask(channel, async () => {
		if (!folder.sizes.has(channel)) folder.sizes.set(channel, bytes);
	});
}

describe('the files of a channel', () => {
	it('[CHAN5] are removed where nothing was stored, once it is closed and nobody is connected', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		await ask(reclaimer, folder, 'read');
		folder.open.add('read');
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed).toEqual([]);
		folder.open.delete('read');
		await reclaimer.reclaim(folder, () => true);
		expect(folder.removed).toEqual([]);
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed).toEqual(['read']);
		expect(reclaimer.size).toBe(0);
	});

	it('[CHAN5] stay where something is stored, by the mark and by their size', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		await ask(reclaimer, folder, 'marked');
		folder.marks.add('marked');
		// As an older version left it.
		await ask(reclaimer, folder, 'large', 8192);
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed).toEqual([]);
		expect(reclaimer.size).toBe(0);
	});

	it('[CHAN5] stay where the channel says so, whatever they look like', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		await reclaimer.ask('a', async () => {
			folder.sizes.set('a', 4096);
			reclaimer.keep('a');
		});
		await ask(reclaimer, folder, 'a');
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed).toEqual([]);
	});

	it('[CHAN5] are removed with their mark where the channel says that it was emptied, and not where it was published to since', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		for (const channel of ['emptied', 'begun']) {
			await ask(reclaimer, folder, channel, 8192);
			folder.marks.add(channel);
			reclaimer.release(channel);
		}
		reclaimer.keep('begun');
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed).toEqual(['emptied']);
		expect([...folder.marks]).toEqual(['begun']);
	});

	it('[CHAN5] stay while a request is on its way', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		await reclaimer.ask('a', async () => {
			folder.sizes.set('a', 4096);
			await reclaimer.reclaim(folder, nobody);
			expect(folder.removed).toEqual([]);
		});
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed).toEqual(['a']);
	});

	it('[CHAN5] are not removed under a request: it waits until they are gone', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		await ask(reclaimer, folder, 'a');
		const order: string[] = [];
		let request: Promise<void> | undefined;
		folder.onLook = () => {
			request ??= reclaimer.ask('a', async () => {
				order.push(`asked after ${folder.removed.length} removals`);
			});
		};
		await reclaimer.reclaim(folder, nobody);
		await request;
		expect(order).toEqual(['asked after 1 removals']);
	});

	it('[CHAN5] stay where they cannot be looked at, and no request waits for ever', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		await ask(reclaimer, folder, 'a');
		folder.onLook = () => Promise.reject(new Error('no such service'));
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed).toEqual([]);
		await reclaimer.ask('a', nothing);
	});

	it('[CHAN5] are looked at 500 at a time, each in its turn', async () => {
		const [reclaimer, folder] = [new Reclaimer(), new Folder()];
		for (let n = 0; n < 700; n++) await ask(reclaimer, folder, `name-${n}`);
		// These are in use: they must not keep the others from their turn.
		for (let n = 0; n < 500; n++) folder.open.add(`name-${n}`);
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed.length).toBe(0);
		await reclaimer.reclaim(folder, nobody);
		expect(folder.removed.length).toBe(200);
	});
});
