// What is written into the fields of a panel and not sent yet, and by which name: the browser keeps it across a reload.
// Knows texts, names and what is wrong with them; never knows where they are sent, or how a field looks.
import { MAX_ACTOR_NAME_CHARS, MAX_TEXT_BYTES } from '../relay/protocol/limits.ts';
import { findStorage } from './client/browser-storage.ts';
import type { Field, Hint } from './views/work.ts';

const NAME = 'live-feed name';
/** From here on what is left is said. */
const NEAR = 0.8 * MAX_TEXT_BYTES;
/** Control characters, what turns the direction of writing, and what nobody sees. */
const UNSEEN = /[\p{Cc}\u200b-\u200f\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff]/u;

const encoder = new TextEncoder();

/** What the reader has called himself on this origin; empty where he has not. */
export function readName(): string {
	const name = findStorage('localStorage')?.[NAME] ?? '';
	return nameProblem(name) ? '' : name;
}

/** What is wrong with a name. */
function nameProblem(name: string): 'blank' | 'long' | 'unseen' | undefined {
	if (name.trim() === '') return 'blank';
	if (name.trim().length > MAX_ACTOR_NAME_CHARS) return 'long';
	return UNSEEN.test(name.trim()) ? 'unseen' : undefined;
}

/** What the fields need to know of the reader. */
export interface Writer {
	/** Whether a token says who he is. */
	isProven: boolean;
	/** May he write at the foot, and in threads? */
	mayPublish: boolean;
	mayComment: boolean;
	/** Is somebody else called so, whom a token proved, or who wrote here? */
	isTaken(name: string): boolean;
}

interface Written {
	text: string;
	rows: number;
	/** What the relay, or the page, said of the last one. */
	refusal?: { code: string; message: string } | undefined;
}

export class Fields {
	readonly #place: string;
	readonly #written = new Map<string, Written>();
	#name = readName();
	/** The name as it is being typed; undefined where it is not asked for. */
	#typing: string | undefined;
	/** A name was wanted, and is not right yet: from then on it is said why. */
	#isNamePressed = false;

	/** @param place Whose drafts these are: relay and channel. */
	constructor(place: string) {
		this.#place = `live-feed draft ${place} `;
	}

	/** The name by which he writes; empty before he has said it. */
	get name(): string {
		return this.#name;
	}

	/** A field as it is to be drawn. */
	get(key: string, writer: Writer): Field {
		const { text, rows } = this.#find(key);
		const asksName = !writer.isProven && (this.#typing !== undefined || this.#name === '');
		return {
			...{ key, text, rows, asksName },
			name: writer.isProven ? undefined : (this.#typing ?? this.#name),
			hint: this.#hint(key, writer, asksName),
			isAllowed: key ? writer.mayComment || writer.mayPublish : writer.mayPublish,
		};
	}

	/** Text was typed, which takes so many lines. */
	type(key: string, text: string, rows: number): void {
		this.#written.set(key, { text, rows });
		this.#keep(key, text);
	}

	/** A name is typed, or wanted anew. */
	typeName(name: string): void {
		this.#typing = name;
		this.#isNamePressed = false;
	}

	askName(): void {
		this.#typing = this.#name;
	}

	/** The field and its draft are empty; answers the text. */
	take(key: string): string {
		const { text } = this.#find(key);
		this.#written.set(key, { text: '', rows: 1 });
		this.#keep(key, '');
		return text;
	}

	/** It was not taken: back it comes, unless something else was written meanwhile. */
	giveBack(key: string, text: string, refusal: { code: string; message: string }): void {
		const now = this.#find(key);
		const rows = Math.min(text.split('\n').length, 6);
		this.#written.set(key, now.text ? { ...now, refusal } : { text, rows, refusal });
		this.#keep(key, now.text || text);
	}

	/** Why this cannot be sent as it is: `text`, `name`, or nothing. Accepts the name where it is right. */
	check(key: string, { isProven }: Writer): 'text' | 'name' | undefined {
		const { text } = this.#find(key);
		if (text.trim() === '' || encoder.encode(text).length > MAX_TEXT_BYTES) return 'text';
		if (isProven) return undefined;
		const name = (this.#typing ?? this.#name).trim();
		this.#isNamePressed = nameProblem(name) !== undefined;
		if (this.#isNamePressed) {
			this.#typing ??= name;
			return 'name';
		}
		this.#name = name;
		this.#typing = undefined;
		this.#store(NAME, name);
		return undefined;
	}

	#hint(key: string, writer: Writer, asksName: boolean): Hint | undefined {
		const { text, refusal } = this.#find(key);
		const bytes = text.length * 3 < NEAR ? 0 : encoder.encode(text).length;
		if (bytes > MAX_TEXT_BYTES) return { kind: 'over', bytes: bytes - MAX_TEXT_BYTES };
		const name = this.#typing ?? this.#name;
		const wrong = nameProblem(name);
		// Blank is what a name is at first: no fault before somebody wants to send.
		if (asksName && wrong && (wrong !== 'blank' || this.#isNamePressed)) return { kind: wrong };
		if (refusal) return { kind: 'refused', ...refusal };
		if (bytes >= NEAR) return { kind: 'left', bytes: MAX_TEXT_BYTES - bytes };
		if (!asksName) return undefined;
		return !wrong && writer.isTaken(name.trim()) ? { kind: 'taken', name: name.trim() } : { kind: 'free' };
	}

	#find(key: string): Written {
		const known = this.#written.get(key);
		if (known) return known;
		const text = findStorage('localStorage')?.[this.#place + key] ?? '';
		const written = { text, rows: Math.min(text.split('\n').length, 6) };
		this.#written.set(key, written);
		return written;
	}

	#keep(key: string, text: string): void {
		if (text) this.#store(this.#place + key, text);
		else delete findStorage('localStorage')?.[this.#place + key];
	}

	#store(name: string, value: string): void {
		const storage = findStorage('localStorage');
		try {
			if (storage) storage[name] = value;
		} catch {
			// The browser keeps no more: it stays in the page.
		}
	}
}
