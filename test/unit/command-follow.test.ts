// Files that grow, are rotated and cut short, as programs and logrotate do it.
import { appendFileSync, copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileFollower } from '../../relay/cli/follower.ts';
import { LineSplitter } from '../../relay/cli/lines.ts';
import { MAX_EVENT_BYTES } from '../../relay/protocol/limits.ts';
import { createRandom, withSeed } from '../support/random.ts';

const POLL_MS = 5;
let folder: string;
let file: string;
const following: Following[] = [];
beforeEach(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-follow-'));
	file = path.join(folder, 'app.log');
});
afterEach(async () => {
	for (const one of following.splice(0)) await one.end();
	await rm(folder, { recursive: true, force: true });
});

/** A reader that takes each line as it comes, unless it is held. */
class Following {
	readonly seen: string[] = [];
	readonly notes: string[] = [];
	readonly follower: FileFollower;
	#hold: Promise<void> = Promise.resolve();
	#done: Promise<void>;
	failure: unknown;

	constructor(isFromStart = false) {
		this.follower = new FileFollower(file, { isFromStart, pollMs: POLL_MS, onNote: (note) => this.notes.push(note) });
		this.#done = this.#read().catch((error) => {
			this.failure = error;
		});
		following.push(this);
	}

	/** Takes no more until the function is called. */
	hold(): () => void {
		let release = () => {};
		this.#hold = new Promise((resolve) => {
			release = resolve;
		});
		return release;
	}

	async #read(): Promise<void> {
		for await (const { text } of this.follower.lines()) {
			this.seen.push(text);
			await this.#hold;
		}
	}

	async until(...lines: string[]): Promise<void> {
		await expect.poll(() => this.seen, { interval: POLL_MS }).toEqual(lines);
	}

	async note(pattern: RegExp): Promise<void> {
		await expect.poll(() => this.notes.join('\n'), { interval: POLL_MS }).toMatch(pattern);
	}

	/** After the last whole line. */
	async end(): Promise<string[]> {
		this.follower.stop();
		await this.#done;
		return this.seen;
	}
}

const append = (text: string, to = file) => appendFileSync(to, text);

describe('a file that grows', () => {
	it('is followed from its end on, and a line comes once it has its end', async () => {
		append('old\nhalf');
		const one = new Following();
		const all = new Following(true);
		await one.note(/^follows .*app\.log from its end on\.$/);
		await all.until('old');
		append(' done\nnew\nno end');
		await one.until('half done', 'new');
		await all.until('old', 'half done', 'new');
		append(' yet\n');
		await one.until('half done', 'new', 'no end yet');
	});

	it('ends with the last whole line that is there', async () => {
		append('a\n');
		const one = new Following(true);
		await one.until('a');
		append('b\nc');
		expect(await one.end()).toEqual(['a', 'b']);
		expect(one.follower.unread).toBe(1);
	});

	it('that is not there yet is waited for, and then read from its beginning', async () => {
		const one = new Following();
		await one.note(/app\.log is not there; it is waited for/);
		append('first\n');
		await one.until('first');
	});

	it('that is a folder is refused at once', async () => {
		await mkdir(file);
		const one = new Following();
		await one.end();
		expect(String(one.failure)).toMatch(/app\.log is no file that grows\. Pipe it in/);
	});
});

describe('a file that is rotated', () => {
	it('by a rename is read to its end, then the next; its program may write on until it has opened that', async () => {
		append('1\n');
		const one = new Following(true);
		await one.until('1');
		renameSync(file, `${file}.1`);
		append('2\n', `${file}.1`);
		await one.until('1', '2');
		writeFileSync(file, '');
		await one.note(/is another file now/);
		append('3\n4', `${file}.1`);
		await one.until('1', '2', '3');
		append('5\n');
		await one.until('1', '2', '3', '4', '5');
		append('6\n');
		await one.until('1', '2', '3', '4', '5', '6');
	});

	it('again and again while its reader waits is read whole, in order', async () => {
		append('1\n');
		const one = new Following(true);
		const release = one.hold();
		await one.until('1');
		append('2\n');
		for (const n of [3, 4, 5]) {
			renameSync(file, `${file}.${n}`);
			append(`${n}\n`);
			await expect.poll(() => one.notes.length, { interval: POLL_MS }).toBe(n - 1);
		}
		expect(one.seen).toEqual(['1']);
		release();
		await one.until('1', '2', '3', '4', '5');
	});

	it('by a copy and a cut is read from its beginning again', async () => {
		append('1\n2\n');
		const one = new Following(true);
		await one.until('1', '2');
		copyFileSync(file, `${file}.1`);
		truncateSync(file);
		append('3\n');
		await one.until('1', '2', '3');
		expect(one.notes.join()).toMatch(/was cut short/);
	});

	it('by a cut while its reader waits, and grown past where it was, is noticed', async () => {
		append('1\n2\n');
		const one = new Following(true);
		const release = one.hold();
		await one.until('1');
		truncateSync(file);
		await one.note(/was cut short; it is read from its beginning/);
		append('3 and longer than it was\n');
		release();
		await one.until('1', '2', '3 and longer than it was');
	});

	it('at any moment loses no line and doubles none', () =>
		withSeed(async (seed) => {
			const random = createRandom(seed);
			writeFileSync(file, '');
			const one = new Following(true);
			await one.note(/follows/);
			const written: string[] = [];
			let rotations = 0;
			for (let n = 1; n <= 400; n++) {
				const text = `${n} ${'x'.repeat(random.below(300))}`;
				written.push(text);
				const cut = random.below(text.length);
				append(text.slice(0, cut));
				if (random.below(4) === 0) await new Promise((resolve) => setImmediate(resolve));
				append(`${text.slice(cut)}\n`);
				if (random.below(60) === 0) {
					// Seen before the next one: two within one look cannot be told apart, by nobody.
					renameSync(file, `${file}.${++rotations}`);
					writeFileSync(file, '');
					await expect.poll(() => one.notes.length, { interval: POLL_MS }).toBe(rotations + 1);
				}
			}
			await expect.poll(() => one.seen.length, { interval: POLL_MS }).toBe(written.length);
			expect(await one.end()).toEqual(written);
			expect(rotations).toBeGreaterThan(0);
		}));
});

describe('lines', () => {
	const split = (...chunks: (string | Buffer)[]) => {
		const splitter = new LineSplitter();
		const lines = chunks.flatMap((chunk) => [...splitter.push(Buffer.from(chunk))]);
		const rest = splitter.end();
		return [...lines, ...(rest ? [rest] : [])];
	};

	it('have LF or CR LF at their end, wherever the bytes were cut', () => {
		const bytes = Buffer.from('ä\r\nöü\n\nlast');
		for (let cut = 0; cut <= bytes.length; cut++) {
			const lines = split(bytes.subarray(0, cut), bytes.subarray(cut));
			expect(lines.map(({ text }) => text)).toEqual(['ä', 'öü', '', 'last']);
			expect(lines.reduce((sum, line) => sum + line.bytes, 0)).toBe(bytes.length);
		}
	});

	it('without an end are held up to the size of an event, and passed over beyond it', () => {
		const long = 'x'.repeat(MAX_EVENT_BYTES);
		const lines = split(long, long, 'end\nnext\n');
		expect(lines).toEqual([
			{ text: '', bytes: 2 * MAX_EVENT_BYTES + 4, isTooLong: true },
			{ text: 'next', bytes: 5, isTooLong: false },
		]);
	});
});
