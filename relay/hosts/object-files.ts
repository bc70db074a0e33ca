// The files of Durable Objects in a folder of this machine, by way of the engine's service for it.
// Knows how the engine names the files of an object; never knows what is in them.
import type { Mark } from '../host.ts';
import type { ChannelFiles } from '../reclaimer.ts';

const FILES_URL = 'http://files';
const DATABASE = '.sqlite';
/** SQLite has it for as long as the database is open. */
const JOURNAL = '.sqlite-wal';
const MARK = '.mark';
/** All files of an object. The mark is first: without the rest it would say that something was lost. */
const ENDINGS = [MARK, DATABASE, JOURNAL, '.sqlite-shm'];

export class ObjectFiles implements ChannelFiles {
	readonly #service: Fetcher;
	readonly #findId: (channel: string) => string;

	/** `service` is the folder, and `findId` names an object. */
	constructor(service: Fetcher, findId: (channel: string) => string) {
		this.#service = service;
		this.#findId = findId;
	}

	nameOf(channel: string): string {
		return this.#findId(channel) + DATABASE;
	}

	isOpen(channel: string): Promise<boolean> {
		return this.#exists(channel, JOURNAL);
	}

	isMarked(channel: string): Promise<boolean> {
		return this.#exists(channel, MARK);
	}

	async sizeOf(channel: string): Promise<number | undefined> {
		const { ok, headers } = await this.#ask(channel, DATABASE, { method: 'HEAD' });
		// A size that is not said may be any.
		return ok ? Number(headers.get('content-length') ?? Number.POSITIVE_INFINITY) : undefined;
	}

	async remove(channel: string): Promise<void> {
		for (const ending of ENDINGS) await this.#ask(channel, ending, { method: 'DELETE' });
	}

	/** The note beside a channel's storage that something was stored in it. */
	markOf(channel: string): Mark {
		return {
			exists: () => this.isMarked(channel),
			set: async () => void (await this.#ask(channel, MARK, { method: 'PUT', body: '\n' })),
		};
	}

	async #exists(channel: string, ending: string): Promise<boolean> {
		return (await this.#ask(channel, ending, { method: 'HEAD' })).ok;
	}

	#ask(channel: string, ending: string, init: RequestInit): Promise<Response> {
		return this.#service.fetch(`${FILES_URL}/${this.#findId(channel)}${ending}`, init);
	}
}
