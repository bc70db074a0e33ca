// What a list has besides rows: where it ends, what is missing, how the keyboard goes through it.
// Knows marks between rows; never knows rows.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { Words } from '../words.ts';
import { icon } from './icons.ts';
import type { PanelHandlers, PanelProps } from './panel.ts';

/** A range that cannot be shown; from 0 where a whole log was lost. */
export function gapView({ from, to }: { from: number; to: number }, words: Words): TemplateResult {
	return html`<li class="gap" part="gap">${icon('gap')}<bdi>${from === 0 ? words.reset : words.gap(from, to)}</bdi></li>`;
}

/** The old end of the list: more, or why there is no more. */
export function endView({ older, words }: PanelProps, on: PanelHandlers): unknown {
	if (older === 'unknown') return nothing;
	const loading = older === 'loading';
	return html`<p class="end">${
		loading || older === 'more'
			? html`<button class="button" aria-disabled=${loading} @click=${on.onLoadOlder}>${loading ? words.loading : words.loadOlder}</button>`
			: words[older]
	}</p>`;
}

/** Up and Down go from row to row; everything else stays with the browser. */
export function moveFocus(press: KeyboardEvent): void {
	const down = press.key === 'ArrowDown';
	const here = press.target as HTMLElement; // inside the shadow root the listener is told the element itself
	if ((!down && press.key !== 'ArrowUp') || !here.matches('.row')) return;
	const rows = [...(here.parentElement?.querySelectorAll<HTMLElement>('.row') ?? [])];
	rows[rows.indexOf(here) + (down ? 1 : -1)]?.focus();
	press.preventDefault();
}
