// The drawings of the panel, a dozen small paths.
// Knows shapes; never knows what they stand for.

import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { laterPaths } from './icons-later.ts';

// A path that is closed at its end is filled, any other is a line.
const PATHS = {
	dot: 'M8 2a6 6 0 1 0 .1 0z',
	pause: 'M4 3h3v10H4zm5 0h3v10H9z',
	success: 'M8 1a7 7 0 1 0 .1 0zM7 11 3.8 8l1-1L7 9l4.2-4 1 1z',
	warning: 'M8 1l7.5 13H.5zM7.2 6v4h1.6V6zm0 5v1.6h1.6V11z',
	error: 'M8 1a7 7 0 1 0 .1 0zM7.2 4v5h1.6V4zm0 6v1.6h1.6V10z',
	ring: 'M8 3a5 5 0 1 0 .1 0',
	tray: 'M2 9l2-6h8l2 6v4H2zh3l1 2h4l1-2h3',
};

/** The name of a drawing. */
export type Icon = keyof typeof PATHS | keyof typeof laterPaths;

/** Adds drawings that the first row does without. */
export function addIcons(paths: typeof laterPaths): void {
	Object.assign(PATHS, paths);
}

/** A drawing in the colour of the words around it; `size` in px. */
export function icon(name: Icon, size = 16): TemplateResult {
	const path = (PATHS as Partial<Record<Icon, string>>)[name] ?? '';
	return html`<svg class="i-${name} ${path.endsWith('z') ? 'solid' : ''}" width=${size} height=${size} viewBox="0 0 16 16" aria-hidden="true"><path d=${path}></path></svg>`;
}
