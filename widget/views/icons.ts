// The drawings of the panel, a dozen small paths.
// Knows shapes; never knows what they stand for.
import { html } from 'lit';
import type { TemplateResult } from 'lit';

const SOLID = {
	dot: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z',
	pause: 'M4 3h3v10H4zm5 0h3v10H9z',
	play: 'M5 3l8 5-8 5z',
	success: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM7 11.2 3.8 8l1-1L7 9.2l4.2-4.2 1 1z',
	warning: 'M8 1.5 15.2 14H.8zM7.2 6v4h1.6V6zm0 5v1.5h1.6V11z',
	error: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM7.2 4v5h1.6V4zm0 6.2v1.6h1.6v-1.6z',
};

const LINES = {
	ring: 'M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z',
	retry: 'M13.5 8A5.5 5.5 0 1 1 11.5 3.7L13.5 5.5M13.5 2v3.5H10',
	out: 'M5.5 4H12v6.5M12 4l-8 8',
	gap: 'M1 8h3.5M11.5 8H15M7 5 5.5 11M10.5 5 9 11',
	tray: 'M1.5 9 4 3h8l2.5 6v4h-13zm0 0H5l1 2h4l1-2h3.5',
	lock: 'M3 7.5h10v6.5H3zM5.2 7.5V5a2.8 2.8 0 0 1 5.6 0v2.5',
	cut: 'M2.5 6.5a8 8 0 0 1 11 0M5 9.2a4.5 4.5 0 0 1 6 0M8 12v.1M2 2l12 12',
	code: 'M5 4 1.5 8 5 12M11 4l3.5 4-3.5 4M9 3 7 13',
};

/** The name of a drawing. */
export type Icon = keyof typeof SOLID | keyof typeof LINES;

/** A drawing in the colour of the words around it; `size` in px, 16 unless told. */
export function icon(name: Icon, size = 16): TemplateResult {
	const shapes: Partial<Record<Icon, string>> = name in SOLID ? SOLID : LINES;
	return html`<svg class="${shapes === SOLID ? 'solid ' : ''}${name}" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true"><path d=${shapes[name]}></path></svg>`;
}
