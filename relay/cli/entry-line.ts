// An event or a change as a line in a terminal, or wherever else its words go.
// Knows columns, colours and days; never knows where entries come from.
import { type FeedEntry, isChange } from '../protocol/event.ts';
import { formatLine, formatTime, LEVEL_CHARS, type LineParts, readLine } from '../protocol/line.ts';
import { createPalette, type Paint, type Palette } from './terminal.ts';

/** The column of types grows with them; one that is longer does not move the others. */
const LEAST_TYPE_CHARS = 8;
const MAX_TYPE_CHARS = 20;
/** Events whose words are kept, so that a change says of what it is. */
const KEPT_EVENTS = 500;
const QUOTED_CHARS = 40;

/** Lines one under the other: in a terminal by its own clock, with a line for each day; elsewhere as the relay writes them. */
export class EntryPrinter {
	readonly #isTerminal: boolean;
	readonly #palette: Palette;
	#day = '';
	#typeChars = LEAST_TYPE_CHARS;
	/** By id, oldest first. */
	readonly #words = new Map<string, string>();

	constructor(options: { isTerminal: boolean; hasColour: boolean }) {
		this.#isTerminal = options.isTerminal;
		this.#palette = createPalette(options.hasColour);
	}

	/** With the end of the line. */
	format(entry: FeedEntry): string {
		return this.#isTerminal ? this.#formatRow(this.#quote(entry, readLine(entry))) : formatLine(entry);
	}

	/** The words of the event in place of its id, where they were here before. */
	#quote(entry: FeedEntry, line: LineParts): LineParts {
		if (!isChange(entry)) {
			this.#words.set(entry.id, line.text || line.type);
			const [oldest] = this.#words.keys();
			if (this.#words.size > KEPT_EVENTS && oldest !== undefined) this.#words.delete(oldest);
			return line;
		}
		const words = this.#words.get(entry.target);
		if (words === undefined) return line;
		const characters = [...words];
		const quoted = characters.length > QUOTED_CHARS ? `${characters.slice(0, QUOTED_CHARS - 1).join('')}…` : words;
		return { ...line, text: line.text.replace(entry.target, () => `“${quoted}”`) };
	}

	#formatRow({ time, level, type, who, text }: LineParts): string {
		const { bold, dim, cyan } = this.#palette;
		const { day, clock } = tellTime(time);
		const head = day === this.#day ? '' : `${dim(`-- ${day} --`)}\n`;
		this.#day = day;
		this.#typeChars = Math.max(this.#typeChars, Math.min(type.length, MAX_TYPE_CHARS));
		const row = [
			dim(clock),
			this.#paintLevel(level)(level.padEnd(LEVEL_CHARS)),
			`${cyan(type)}${' '.repeat(Math.max(this.#typeChars - type.length, 0))}`,
			`${bold(who)}${who && text ? ': ' : ''}${text}`,
		];
		return `${head}${row.join(' ').trimEnd()}\n`;
	}

	/** Never by colour alone: the word is there too. */
	#paintLevel(level: LineParts['level']): Paint {
		const { dim, red, green, yellow } = this.#palette;
		const paints = { debug: dim, info: dim, change: dim, success: green, warning: yellow, error: red };
		return paints[level] ?? dim;
	}
}

/** By the clock of this machine; what lies beyond the calendar is told as it is. */
function tellTime(time: number): { day: string; clock: string } {
	const date = new Date(time);
	const year = date.getFullYear();
	if (year < 0 || year > 9999) return { day: formatTime(time), clock: '--:--:--' };
	const day = date.toLocaleDateString('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
	return { day, clock: date.toTimeString().slice(0, 8) };
}
