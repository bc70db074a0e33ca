// What was looked at and found, for people in a terminal and for programs.
// Knows words, columns and colours; never knows how anything is looked at.
import { clean, createPalette, hasColours, type Palette } from './terminal.ts';

/** `warning` is to be known and keeps nothing from working; `unknown` could not be looked at. */
export type Standing = 'ok' | 'warning' | 'wrong' | 'unknown';

/** One thing that was looked at. */
export interface Finding {
	/** A word or two; the same one at every run. */
	name: string;
	standing: Standing;
	/** What it is, in one sentence. */
	text: string;
	/** What to do about it, where something is to be done. */
	advice?: string;
}

export interface Look {
	hasColour: boolean;
	/** How wide a line may be. */
	columns: number;
}

const SIGNS: Record<Standing, [sign: string, colour: keyof Palette]> = {
	ok: ['✓', 'green'],
	warning: ['!', 'yellow'],
	wrong: ['✗', 'red'],
	unknown: ['–', 'dim'],
};
const MAX_COLUMNS = 100;
const MIN_COLUMNS = 40;

/** How this terminal shows things; without one, lines for a file. */
export function readLook(stream: { isTTY?: boolean; columns?: number }): Look {
	const wide = stream.isTTY ? (stream.columns ?? 80) : 80;
	return {
		hasColour: hasColours(stream),
		columns: Math.max(MIN_COLUMNS, Math.min(wide, MAX_COLUMNS)),
	};
}

/** Its lines: the sign, the name in a column of `width`, the sentence, and under it what to do. */
export function showFinding({ name, standing, text, advice }: Finding, width: number, look: Look): string {
	const [sign, colour] = SIGNS[standing];
	const palette = createPalette(look.hasColour);
	const isWrong = standing === 'wrong';
	const indent = ' '.repeat(width + 5);
	const lines = wrap(text, look.columns - indent.length);
	const more = advice === undefined ? [] : wrap(advice, look.columns - indent.length);
	const label = (isWrong ? palette.bold : palette.dim)(name.padEnd(width));
	const first = `  ${palette[colour](sign)} ${label} `;
	return [...lines, ...more].map((line, index) => `${index === 0 ? first : indent}${line}\n`).join('');
}

/** What to do, by name: about what is wrong first; what is to be done about several is said once. */
export function showAdvice(findings: readonly Finding[], width: number, look: Look): string {
	const order: readonly Standing[] = ['wrong', 'warning'];
	const lines = order.flatMap((standing) => {
		const names = new Map<string, string[]>();
		for (const { name, advice, ...finding } of findings) {
			if (finding.standing === standing && advice) names.set(advice, [...(names.get(advice) ?? []), name]);
		}
		return [...names].map(([text, some]) => showFinding({ name: label(some, width), standing, text }, width, look));
	});
	return lines.length > 0 ? `  What to do\n\n${lines.join('')}\n` : '';
}

/** `SSE, NDJSON`, or `WebSocket +2` where there is no room for all. */
function label(names: readonly string[], width: number): string {
	const all = names.join(', ');
	return all.length <= width ? all : `${names[0]} +${names.length - 1}`;
}

/** The last word: what is wrong, by name. */
export function showVerdict(findings: readonly Finding[], look: Look): string {
	const those = (standing: Standing) => findings.filter((finding) => finding.standing === standing);
	const [wrong, odd] = [those('wrong'), those('warning')];
	const list = (some: readonly Finding[]) => some.map(({ name }) => name).join(', ');
	const known = odd.length > 0 ? ` To be known: ${list(odd)}.` : '';
	const count = wrong.length === 1 ? 'One thing is wrong' : `${wrong.length} things are wrong`;
	const words = wrong.length > 0 ? `${count}: ${list(wrong)}.${known}` : `Nothing is wrong.${known}`;
	const [first = '', ...more] = wrap(words, look.columns - 4);
	const { bold, red, green } = createPalette(look.hasColour);
	const sign = wrong.length > 0 ? red('✗') : green('✓');
	return ['', `  ${sign} ${bold(first)}`, ...more.map((line) => `    ${line}`), '', ''].join('\n');
}

/** The same as one JSON object. */
export function formatFindings(findings: readonly Finding[], more: Record<string, unknown> = {}): string {
	return `${JSON.stringify({ ok: !hasFault(findings), ...more, findings }, null, 2)}\n`;
}

export function hasFault(findings: readonly Finding[]): boolean {
	return findings.some(({ standing }) => standing === 'wrong');
}

/** Lines of whole words; one that is too long stands by itself. What others wrote is made harmless for a terminal. */
export function wrap(text: string, columns: number): string[] {
	return text.split('\n').flatMap((line) => {
		const lines: string[] = [];
		for (const word of clean(line).split(' ')) {
			const last = lines.at(-1);
			if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`;
			else lines.push(word);
		}
		return lines;
	});
}
