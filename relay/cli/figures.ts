// One JSON object of figures → rows for people.
// Knows forms of values; never knows which figures there are.
import { clean } from './terminal.ts';

/** Names under which a number of milliseconds since 1970 is a time. */
const TIME_NAME = /(^|[a-z])(time|since|at|until)$/i;
/** After 2001: a number of anything else is seldom so large, and a time never smaller. */
const LEAST_TIME_MS = 1e12;

/** `{viewers: {socket: 2}, since: 1.8e12}` → `[['viewers.socket', '2'], ['since', '2027-01-15T08:00:00.000Z']]` */
export function flattenFigures(figures: unknown, name = ''): [name: string, text: string][] {
	if (typeof figures !== 'object' || figures === null) return [[clean(name), formatValue(name, figures)]];
	const parts = Object.entries(figures);
	if (parts.length === 0) return name === '' ? [] : [[clean(name), 'none']];
	if (Array.isArray(figures) && figures.every((item) => typeof item !== 'object' || item === null)) {
		return [[clean(name), figures.map((item) => formatValue(name, item)).join(' ')]];
	}
	return parts.flatMap(([key, value]) => flattenFigures(value, name === '' ? key : `${name}.${key}`));
}

/** Names to the left, values to the right, those of numbers by their last digits. */
export function alignFigures(rows: readonly [name: string, text: string][]): string[] {
	const nameChars = Math.max(...rows.map(([name]) => name.length));
	const isNumber = (text: string) => /^-?[\d,]+(\.\d+)?$/.test(text);
	const whole = (text: string) => text.replace(/\.\d+$/, '').length;
	const chars = Math.max(0, ...rows.map(([, text]) => (isNumber(text) ? whole(text) : 0)));
	return rows.map(([name, text]) => {
		const indent = isNumber(text) ? ' '.repeat(chars - whole(text)) : '';
		return `${name.padEnd(nameChars)}  ${indent}${text}`;
	});
}

function formatValue(name: string, value: unknown): string {
	if (typeof value !== 'number') return value === null ? 'none' : clean(value);
	if (TIME_NAME.test(name) && value >= LEAST_TIME_MS && value <= 8.64e15) return new Date(value).toISOString();
	return value.toLocaleString('en', { maximumFractionDigits: 3 });
}
