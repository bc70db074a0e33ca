// What the first row on the screen does without: the pulse, buttons and data, gaps, bones, wide panels, other media.
// Knows looks; never knows when it is loaded.
import { css } from 'lit';

export const rest = css`
	:focus-visible {
		outline: 2px solid var(--_accent);
		outline-offset: -2px;
	}
	.copy {
		user-select: all;
	}
	/* To keep the reader's place is the element's work; done twice, it jumps. */
	.list {
		overflow-anchor: none;
	}
	.row {
		scroll-margin-block-start: 32px;
	}
	img {
		position: absolute;
		inset: -1px;
		object-fit: cover;
		background: var(--_surface);
	}
	.meta a {
		gap: 2px;
	}
	a {
		color: var(--_accent);
	}
	a:not(:hover) {
		text-decoration: none;
	}
	.row:hover,
	.row:focus-visible,
	.tool:hover,
	.button:hover,
	pre {
		background: var(--_sunken);
	}
	.row.row-selected {
		background: var(--_selected);
	}
	/* Targets of 24 px on lines of 16 */
	.meta button {
		margin: -4px;
		padding: 4px;
	}
	.i-out:dir(rtl) {
		scale: -1 1;
	}
	pre {
		padding: 8px 12px;
		border: 1px solid transparent;
		border-radius: 8px;
		text-align: start;
	}
	.row > pre {
		grid-column: 2 / 4;
	}
	.tool,
	.button {
		transition: background 0.12s;
	}
	.pulse {
		stroke: var(--_control);
		stroke-width: 1.4px;
	}
	.ground {
		stroke: var(--_line);
	}
	.running {
		opacity: 0.5;
	}
	.errors {
		stroke: var(--_error);
	}
	.button {
		padding-inline: 12px;
		border: 1px solid var(--_control);
	}
	/* Widths are those inside the border: two less than the panel's. */
	@container (width < 518px) {
		.pulse {
			inline-size: 72px;
		}
	}
	@container (width < 358px) {
		.pulse {
			display: none;
		}
	}
	@media (pointer: coarse) {
		.tool,
		.button {
			min-inline-size: 44px;
			min-block-size: 44px;
		}
	}
	.row-pending > * {
		grid-column: 2 / 4;
	}
	.row-pending .text {
		opacity: 0.65;
	}
	.failed {
		color: var(--_error);
	}
	.more {
		color: var(--_accent);
	}
	pre {
		margin-block-start: 8px;
		max-block-size: 20lh;
		overflow: auto;
		line-height: 1.5;
	}
	.row:hover pre,
	.row-selected pre {
		background: var(--_surface);
	}
	.gap {
		margin: 8px 16px;
		padding: 8px 12px;
		border: 1px dashed var(--_control);
		border-radius: 8px;
	}
	.bones {
		pointer-events: none;
	}
	.bones i {
		border: 1px solid var(--_line);
		background: var(--_line);
	}
	.bones .text,
	.bones .meta {
		block-size: 10px;
		margin-block: 5px;
		border-radius: 5px;
		inline-size: 70%;
	}
	.bones .meta {
		margin-block: 3px;
		inline-size: 40%;
	}
	@container (width >= 898px) {
		.comfortable .row {
			grid-template-columns: 28px minmax(0, 72ch) auto;
			justify-content: start;
		}
	}
	@media (pointer: coarse) {
		.meta button {
			margin-block: -14px;
			padding-block: 14px;
		}
	}
	@container (width < 358px) {
		.gap {
			margin-inline: 12px;
		}
	}
	/* A drawing keeps its own colours there, and only takes over its parent's. */
	@media (forced-colors: active) {
		.pulse,
		.errors {
			stroke: CanvasText;
		}
		.row-selected {
			outline: 1px solid Highlight;
			outline-offset: -1px;
		}
	}
	@media print {
		:host,
		.panel {
			display: block !important;
			block-size: auto !important;
			max-block-size: none !important;
		}
		.panel {
			overflow: visible;
		}
		button,
		.pulse {
			display: none;
		}
		.row .text {
			max-block-size: none;
			mask: none;
			white-space: pre-wrap;
		}
		.comfortable .time::after {
			content: ' · ' attr(title);
		}
	}
`;
