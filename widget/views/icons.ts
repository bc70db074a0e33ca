// The drawings of the panel, a dozen small paths.
// Knows shapes; never knows what they stand for.

import type { TemplateResult } from 'lit';
import { html } from 'lit';

// A path that is closed at its end is filled, any other is a line.
const PATHS = {
	dot: 'M8 2a6 6 0 1 0 .1 0z',
	pause: 'M4 3h3v10H4zm5 0h3v10H9z',
	play: 'M5 3l8 5-8 5z',
	success: 'M8 1a7 7 0 1 0 .1 0zM7 11 3.8 8l1-1L7 9l4.2-4 1 1z',
	warning: 'M8 1l7.5 13H.5zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z',
	error: 'M8 1a7 7 0 1 0 .1 0zM7.2 4v5h1.6V4zm0 6v1.6h1.6V10z',
	ring: 'M8 3a5 5 0 1 0 .1 0',
	retry: 'M13 9a5 5 0 1 1-1.5-4.5L13 6m0-4v4H9',
	out: 'M6 4h6v6m0-6-8 8',
	gap: 'M1 8h3m8 0h3M7 5l-1 6m4-6-1 6',
	tray: 'M2 9l2-6h8l2 6v4H2zh3l1 2h4l1-2h3',
	lock: 'M3 7h10v7H3zm2 0V5a3 3 0 0 1 6 0v2',
};

/** The name of a drawing. */
export type Icon = keyof typeof PATHS;

/** A drawing in the colour of the words around it; `size` in px. */
export function icon(name: Icon, size = 16): TemplateResult {
	const path = PATHS[name];
	return html`<svg class="i-${name} ${path.endsWith('z') ? 'solid' : ''}" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true"><path d=${path}></path></svg>`;
}
