// A file that grows, line by line, as `tail -F` follows it: by its name, through rotation by rename and by truncation.
// Knows files and where it has read to; never knows what a line means or how fast its reader is.
//
// Read when lines are asked for, so that a reader who waits holds no more than one chunk. The name is looked at all the while:
// a file that has it only while the reader waits is opened, and read in its turn.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Line, LineSplitter } from './lines.ts';
import { formatCount } from './terminal.ts';
import { Failure } from './verb.ts';

export interface FollowerOptions {
	/** From its first line on; unless true, what is there already is passed over. */
	isFromStart?: boolean | undefined;
	/** What its owner should know: it is not there, it is another one. */
	onNote?: ((text: string) => void) | undefined;
	/** How often is looked for more, milliseconds: 100 unless given. */
	pollMs?: number | undefined;
}

interface Source {
	handle: FileHandle;
	/** What it is, whatever it is called. */
	id: string;
	/** Read up to here. */
	offset: number;
	/** Of that, lines which the reader has taken. */
	taken: number;
	/** As it was seen last. */
	size: number;
	/** It was cut short since: it begins anew. */
	isCut: boolean;
}

const POLL_MS = 100;
const CHUNK_BYTES = 64 * 1024;

export class FileFollower {
	readonly #path: string;
	readonly #options: FollowerOptions;
	readonly #stopping = new AbortController();
	readonly #splitter = new LineSplitter();
	readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
	/** Oldest first: the one that is read, and those that had the name after it. */
	readonly #sources: Source[] = [];
	/** Something stands in the way, and was told. */
	#trouble: string | undefined;
	/** Bytes that were there in the end and no line of which was taken; known when `lines` has ended. */
	unread = 0;

	constructor(path: string, options: FollowerOptions = {}) {
		this.#path = path;
		this.#options = options;
	}

	/** Ends `lines` with the last whole line that is there by then. */
	stop(): void {
		this.#stopping.abort();
	}

	/**
	 * Every line, once it has its end.
	 * @throws Failure where the file can never be followed
	 */
	async *lines(): AsyncGenerator<Line> {
		const closing = new AbortController();
		await this.#look(true);
		const watching = this.#watch(closing.signal);
		try {
			for (;;) {
				// Looked at before the file: what was written until then is read.
				const isLast = this.#stopping.signal.aborted;
				const [source] = this.#sources;
				const chunk = source && !source.isCut ? await this.#read(source) : undefined;
				if (source && chunk) {
					for (const line of this.#splitter.push(chunk)) {
						yield line;
						source.taken += line.bytes;
					}
				} else if (source && (await this.#isOver(source))) {
					// No end of its last line will come.
					const rest = this.#splitter.end();
					if (rest) yield rest;
				} else if (isLast) {
					return;
				} else {
					await delay(this.#options.pollMs ?? POLL_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
				}
			}
		} finally {
			closing.abort();
			await watching;
			for (const { handle, taken } of this.#sources) {
				this.unread += Math.max((await handle.stat()).size - taken, 0);
				await handle.close();
			}
		}
	}

	/** Whoever has the name while nothing is read is not missed, nor that a file is cut short and grows again. */
	async #watch(signal: AbortSignal): Promise<void> {
		while (!signal.aborted) {
			await delay(this.#options.pollMs ?? POLL_MS, undefined, { signal }).catch(() => {});
			if (signal.aborted) return;
			await this.#look(false);
			const newest = this.#sources.at(-1);
			if (newest) await this.#measure(newest).catch((error) => this.#complain(error, false));
		}
	}

	async #look(isFirst: boolean): Promise<void> {
		try {
			const { dev, ino } = await stat(this.#path, { bigint: true });
			// Open files keep their number: it cannot be another one's.
			if (this.#sources.some(({ id }) => id === `${dev}:${ino}`)) {
				this.#trouble = undefined;
				return;
			}
		} catch (error) {
			this.#complain(error, isFirst);
			return;
		}
		let handle: FileHandle | undefined;
		try {
			handle = await open(this.#path, 'r');
			const found = await handle.stat({ bigint: true });
			if (!found.isFile()) throw new Failure(`${this.#path} is no file that grows. Pipe it in: … | live-feed publish`);
			const begin = isFirst && !this.#options.isFromStart ? await findLineStart(handle, Number(found.size)) : 0;
			const where = isFirst && !this.#options.isFromStart ? 'from its end on' : 'from its beginning';
			const what =
				this.#sources.length === 0
					? `follows ${this.#path} ${where}.`
					: `${this.#path} is another file now; what is left of the old one comes first.`;
			this.#options.onNote?.(what);
			const id = `${found.dev}:${found.ino}`;
			this.#trouble = undefined;
			this.#sources.push({ handle, id, offset: begin, taken: begin, size: Number(found.size), isCut: false });
		} catch (error) {
			await handle?.close();
			this.#complain(error, isFirst);
		}
	}

	#complain(error: unknown, isFirst: boolean): void {
		const { code } = error as NodeJS.ErrnoException; // of the file system, or ours without one
		if (isFirst && code !== 'ENOENT') {
			throw error instanceof Failure ? error : new Failure(`${this.#path} cannot be read (${code}).`);
		}
		const trouble = code === 'ENOENT' ? 'is not there' : `cannot be read${code ? ` (${code})` : ''}`;
		if (this.#trouble === trouble) return;
		this.#trouble = trouble;
		// Between a rename and the next file there is nothing for a moment, which is no trouble.
		if (isFirst || code !== 'ENOENT') this.#options.onNote?.(`${this.#path} ${trouble}; it is waited for.`);
	}

	/** What comes next of it; undefined at its end. */
	async #read(source: Source): Promise<Buffer | undefined> {
		const { bytesRead } = await source.handle.read(this.#buffer, 0, CHUNK_BYTES, source.offset).catch((error) => {
			throw new Failure(`${this.#path} cannot be read any more (${error.code}).`);
		});
		source.offset += bytesRead;
		return bytesRead > 0 ? this.#buffer.subarray(0, bytesRead) : undefined;
	}

	/** How long it is now; shorter than before, it was cut. */
	async #measure(source: Source): Promise<number> {
		const { size } = await source.handle.stat();
		if (!source.isCut && size < Math.max(source.size, source.offset)) {
			source.isCut = true;
			const lost = source.size - source.offset;
			const loss = lost > 0 ? `, and ${formatCount(lost, 'byte')} are gone that were not read yet` : '';
			this.#options.onNote?.(`${this.#path} was cut short${loss}; it is read from its beginning.`);
		}
		source.size = size;
		return size;
	}

	/** Nothing is left of it: was it cut short, or has another one its name, and nothing more will come? */
	async #isOver(source: Source): Promise<boolean> {
		await this.#measure(source);
		if (source.isCut) {
			source.offset = source.taken = 0;
			source.isCut = false;
			return true;
		}
		const [, next] = this.#sources;
		// Its program writes on into a renamed file until it opens the new one: as long as that is empty, it has not.
		const isNextBegun = next !== undefined && ((await next.handle.stat()).size > 0 || this.#sources.length > 2);
		// What was written between the last look and now comes before it goes.
		if (!isNextBegun || (await this.#measure(source)) > source.offset) return false;
		this.#sources.shift();
		await source.handle.close();
		return true;
	}
}

/** Where the line begins that has no end yet: its end makes it a new one. */
async function findLineStart(handle: FileHandle, size: number): Promise<number> {
	const from = Math.max(size - CHUNK_BYTES, 0);
	const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - from), 0, size - from, from);
	const end = buffer.subarray(0, bytesRead).lastIndexOf('\n');
	if (end >= 0) return from + end + 1;
	return from === 0 ? 0 : size;
}
