// What the command writes: a result to standard output, at its reader's pace, and everything else beside it.
// Knows streams, colours and what a terminal would obey; never knows what is written.
import process from 'node:process';
import type { Writable } from 'node:stream';

export type Paint = (text: string) => string;

export interface Palette {
	bold: Paint;
	dim: Paint;
	red: Paint;
	green: Paint;
	yellow: Paint;
	cyan: Paint;
}

/** Colours, or nothing in their place. */
export function createPalette(hasColour: boolean): Palette {
	const paint =
		(code: number): Paint =>
		(text) =>
			hasColour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text;
	return { bold: paint(1), dim: paint(2), red: paint(31), green: paint(32), yellow: paint(33), cyan: paint(36) };
}

/** Is it a terminal whose owner wants colours? See no-color.org. */
export function hasColours(stream: { isTTY?: boolean }, environment = process.env): boolean {
	return stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
}

/** What somebody else wrote must not move the terminal's cursor, nor turn its text around. */
export function clean(value: unknown): string {
	const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
	return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
}

/** JSON of somebody else on one line: what a terminal would obey is escaped, which changes no value. */
export function cleanJson(json: string): string {
	return json.replace(
		/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

const SECOND_MS = 1000;
const UNITS: readonly [string, number][] = [
	['day', 86_400_000],
	['hour', 3_600_000],
	['minute', 60_000],
	['second', SECOND_MS],
];

/** The two largest units, as in `1 hour 59 minutes`. */
export function formatSpan(ms: number): string {
	const find = (span: number) => UNITS.findIndex(([, unit]) => span >= unit);
	const [, least] = UNITS[Math.min(find(ms) + 1, UNITS.length - 1)] ?? ['', SECOND_MS];
	let rest = find(ms) < 0 ? 0 : Math.round(ms / least) * least;
	if (rest === 0) return 'less than a second';
	const parts = UNITS.slice(find(rest), find(rest) + 2).map(([name, unit]) => {
		const count = Math.floor(rest / unit);
		rest -= count * unit;
		return count === 0 ? '' : `${count} ${name}${count === 1 ? '' : 's'}`;
	});
	return parts.filter((part) => part !== '').join(' ');
}

/** `1 event`, `12,345 events` */
export function formatCount(count: number, what: string): string {
	return `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
}

/** A word that is no result: where it stands, what it waits for. */
export function say(text: string): void {
	process.stderr.write(`live-feed: ${text}\n`);
}

/** Results, written no faster than they are read. */
export class Output {
	readonly #stream: Writable;
	readonly #gone = new AbortController();

	constructor(stream: Writable) {
		this.#stream = stream;
		// `live-feed tail … | head` has seen enough; any other failure of it leaves nobody to write for either.
		stream.on('error', () => this.#gone.abort());
	}

	/** Aborted once nobody reads any more. */
	get gone(): AbortSignal {
		return this.#gone.signal;
	}

	/** Resolves once more may be written. What nobody reads is passed over. */
	async write(text: string): Promise<void> {
		if (this.#gone.signal.aborted || this.#stream.write(text)) return;
		await new Promise<void>((resolve) => {
			const end = () => {
				this.#stream.off('drain', end);
				this.#gone.signal.removeEventListener('abort', end);
				resolve();
			};
			this.#stream.on('drain', end);
			this.#gone.signal.addEventListener('abort', end);
		});
	}
}
