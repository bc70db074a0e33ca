// Rows as they are printed: aligned, and grouped by what is measured.
// Knows columns; never knows what a figure means.
import { group } from '../faults/scenario.ts';
import type { Row } from './measure.ts';

const HEAD = ['measure', 'who', 'load', 'figure', 'goal', 'met'];

/** A line a row, and a head above. */
export function formatTable(rows: readonly Row[]): string[] {
	let before: string | undefined;
	const cells = rows.map(({ measure, who, load, figure, goal }) => {
		const name = measure === before ? '' : measure;
		before = measure;
		return [name, who, load, figure, goal?.text ?? '', goal ? (goal.isMet ? 'yes' : 'NO') : ''];
	});
	const all = [HEAD, ...cells];
	const widths = HEAD.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
	const line = (row: readonly string[]) =>
		row
			.map((cell, column) => cell.padEnd(widths[column] ?? 0))
			.join('  ')
			.trimEnd();
	return [line(HEAD), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)];
}

/** 12345.6 → `12,346`; below a hundred with three digits that count. */
export function show(value: number): string {
	if (!Number.isFinite(value)) return '–';
	const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
	return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Events a second and the like: `8.86 M`, `152,000`. */
export function showMany(value: number): string {
	return value >= 1e6 ? `${(value / 1e6).toFixed(2)} M` : group(value);
}

/** A share of one core: `83 %`. */
export function showShare(share: number): string {
	return `${Math.round(share * 100)} %`;
}
