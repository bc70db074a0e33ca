// Who is here, and who came and went: a number in the header, names under it, quiet lines between rows.
// Knows people; never knows where they are heard of.
import { html, nothing, type TemplateResult } from 'lit';
import type { Person } from '../../relay/protocol/event.ts';
import type { Words } from '../words.ts';
import { hashHue } from './avatar.ts';
import { nearestHue } from './details.ts';
import type { Line } from './lines.ts';
import type { Item, PanelHandlers, PanelProps } from './panel.ts';

export interface Here {
	total: number;
	/** The first of them. */
	people: readonly Person[];
	isOpen: boolean;
}

/** People who came or went after the event of this `seq`. */
export interface Move {
	key: string;
	kind: 'joined' | 'left';
	seq: number;
	people: readonly Person[];
	/** Those besides. */
	more: number;
}

/** Names in a line between rows, and under the header. */
const MOST_IN_LINE = 3;
const MOST_LISTED = 12;

/** How many are here; unfolds who. */
export function peopleButton({ people, words, channel }: PanelProps, { onTogglePeople }: PanelHandlers): unknown {
	if (!people) return nothing;
	const { total, isOpen } = people;
	return html`<button class="here" part="presence" aria-expanded=${isOpen} aria-controls="people" title=${channel} @click=${onTogglePeople}>${words.here(total)}</button>`;
}

/** The first of them by name, in a quiet line. */
export function peopleView({ people, words }: PanelProps): unknown {
	if (!people?.isOpen) return nothing;
	const named = people.people.filter(({ name }) => name).slice(0, MOST_LISTED);
	return html`<ul class="people" id="people" part="people">${named.map((person) => personView(person, words))}${
		people.total > named.length ? html`<li>${words.others(people.total - named.length, named.length)}</li>` : nothing
	}</ul>`;
}

function personView({ id, name = '', color, verified }: Person, words: Words): TemplateResult {
	const hue = nearestHue(color) ?? hashHue(verified ? id : name);
	return html`<li><span class="dot hue h${hue}" aria-hidden="true"></span><bdi class="name">${name}</bdi>${verified ? nothing : html` <bdi class="quiet">${words.unverified}</bdi>`}</li>`;
}

/** Who came and went between an item of the list and the one above it; beyond the newest one that is drawn, where nothing waits. */
export function addMoves(
	lines: Line[],
	index: number,
	{ items, moves = [], order, kept, words, locale }: PanelProps,
): void {
	if (moves.length === 0) return;
	const [above, below] = [items[index - 1], items[index]];
	const [older, newer] = order === 'newest-first' ? [below, above] : [above, below];
	if (!older || (kept && (older === kept || newer === kept))) return;
	const from = newestOf(older);
	const to = newer ? oldestOf(newer) : from + 1;
	const here = moves.filter(({ seq }) => seq >= from && seq < to);
	for (const move of order === 'newest-first' ? here.toReversed() : here) {
		lines.push({
			key: move.key,
			deps: [move, words, locale],
			draw: () => html`<li class="moves quiet" part="separator"><bdi>${moveWords(move, words, locale)}</bdi></li>`,
		});
	}
}

function moveWords({ kind, people, more }: Move, words: Words, locale: string): string {
	// A name that runs the other way does not turn the sentence around it (U+2068, U+2069).
	const names = people.flatMap(({ name }) => (name ? `\u2068${name}\u2069` : [])).slice(0, MOST_IN_LINE);
	const unnamed = people.length - names.length + more;
	const all = unnamed > 0 ? [...names, words.others(unnamed, names.length)] : names;
	return words[kind === 'joined' ? 'cameIn' : 'wentOut'](new Intl.ListFormat(locale).format(all));
}

function newestOf(item: Item): number {
	return item.kind === 'gap' ? item.to : item.event.seq;
}

function oldestOf(item: Item): number {
	return item.kind === 'gap' ? item.from : item.event.seq;
}
