// What whoever runs the relay reads in its log: one line of JSON for each fault of ours, each refusal and what moderators did.
// Knows how a line is written and how many; never knows what was said, or a token.
import { createError, type ErrorCode, FeedError } from './protocol/errors.ts';
import type { Change } from './protocol/event.ts';
import { mendJson } from './protocol/well-formed.ts';
import type { StorageNote } from './storage-state.ts';

/** Whom a refusal was said to, as far as it is known. */
export interface Refused {
	/** Where it was said: to a request, on a socket, or of a draft that came by either. */
	via: 'http' | 'socket' | 'publish';
	channel?: string | undefined;
	subject?: string | undefined;
	address?: string | undefined;
}

/** What a stranger can cause at will fills no disk: so many lines a minute, and then how many there were. */
const LINES_A_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Refusals that are worth a line: of rights, origins and limits. What is only wrong is its sender's to read. */
const TOLD: ReadonlySet<ErrorCode> = new Set([
	'token-needed',
	'token-invalid',
	'token-expired',
	'forbidden',
	'origin-refused',
	'rate-limited',
	'relay-full',
] as const);

export class Journal {
	readonly #clock: () => number;
	readonly #write: (what: object) => void;
	#minute = 0;
	#lines = 0;

	constructor(clock: () => number, write: (line: string) => void) {
		this.#clock = clock;
		// A reason may quote what was stored, and cut it.
		this.#write = (what) => write(mendJson(JSON.stringify(what)));
	}

	/** Answers what may be said of a fault of ours: its reference, by which the line is found. */
	fault(error: unknown): FeedError {
		const reference = crypto.randomUUID().slice(0, 8);
		const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
		this.#write({ level: 'error', time: this.#clock(), reference, fault });
		const { code, message } = createError('internal');
		return new FeedError(code, `${message} Its reference is ${reference}.`);
	}

	/** What somebody did to another's event, without what it said. */
	act({ change, target, status, id }: Change, { via, channel, subject, address }: Refused): void {
		const what = { moderated: change, target, status, id, via, channel, subject: subject || undefined, address };
		this.#write({ level: 'info', time: this.#clock(), ...what });
	}

	/** Somebody has emptied a channel. */
	emptied({ via, channel, subject, address }: Refused): void {
		const what = { moderated: 'emptied', via, channel, subject: subject || undefined, address };
		this.#write({ level: 'info', time: this.#clock(), ...what });
	}

	/** What became of storage. */
	storage({ level, ...what }: StorageNote): void {
		this.#write({ level, time: this.#clock(), ...what });
	}

	refusal({ code }: FeedError, { via, channel, subject, address }: Refused): void {
		if (!TOLD.has(code)) return;
		const time = this.#clock();
		const minute = Math.floor(time / MINUTE_MS);
		if (minute !== this.#minute) {
			const more = this.#lines - LINES_A_MINUTE;
			if (more > 0) this.#write({ level: 'warning', time, refused: 'more', count: more });
			this.#minute = minute;
			this.#lines = 0;
		}
		if (++this.#lines > LINES_A_MINUTE) return;
		this.#write({ level: 'info', time, refused: code, via, channel, subject: subject || undefined, address });
	}
}
