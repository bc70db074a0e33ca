// The sheet, its header, and what stands where the rows would be.
// Knows the frame; never knows a row.
import { css } from 'lit';

export const frame = css`
	:host {
		display: block;
		min-inline-size: min(280px, 100%);
	}
	:host([hidden]),
	[hidden] {
		display: none !important;
	}
	* {
		box-sizing: border-box;
		margin: 0;
		padding: 0;
		font: inherit;
	}
	/* As tall as its rows up to the maximum; a height of the host's wins over it, since a minimum wins over a maximum
	   and percentages of no height count as none. */
	.panel {
		container-type: inline-size;
		contain-intrinsic-inline-size: 24rem;
		display: flex;
		flex-direction: column;
		block-size: 100%;
		min-block-size: 100%;
		max-block-size: min(70dvh, 40rem);
		overflow: hidden;
		border: 1px solid var(--_line);
		border-radius: 12px;
		background: var(--_surface);
		color: var(--_text);
		font: 400 var(--_size) / 1.4286 var(--_font);
		font-variant-numeric: tabular-nums;
		text-align: start;
	}
	.header {
		flex: none;
		display: flex;
		align-items: center;
		gap: 8px;
		min-block-size: 48px;
		padding-inline: 16px 8px;
		border-block-end: 1px solid var(--_line);
	}
	.titles {
		flex: 1;
		min-inline-size: 0;
		display: flex;
		align-items: baseline;
		gap: 0 8px;
	}
	.heading,
	.title,
	::slotted([slot='heading']) {
		margin: 0;
		font: 600 calc(1.0714 * var(--_size)) / 1.3333 var(--_font);
	}
	.heading,
	::slotted([slot='heading']) {
		overflow: hidden;
		text-overflow: ellipsis;
		white-space: nowrap;
	}
	.words {
		flex: none;
		color: var(--_text-2);
		font-size: var(--_small);
		line-height: 1.3333;
		white-space: nowrap;
	}
	svg {
		flex: none;
		overflow: visible;
		fill: none;
		stroke: currentColor;
		stroke-width: 1.5px;
		stroke-linejoin: round;
	}
	.solid {
		fill: currentColor;
		fill-rule: evenodd;
		stroke: none;
	}
	path {
		vector-effect: non-scaling-stroke;
	}
	.sign {
		display: flex;
		color: var(--_warn);
	}
	.live {
		color: var(--_ok);
		animation: beat 0.6s;
	}
	.sign .pause {
		color: var(--_text-2);
	}
	.ring {
		stroke-width: 2px;
	}
	.pulse {
		color: var(--_control);
		stroke-width: 1.4px;
		stroke-linejoin: miter;
	}
	.ground {
		stroke: var(--_line);
		stroke-width: 1px;
	}
	.running {
		opacity: 0.5;
	}
	.errors {
		color: var(--_error);
		stroke: currentColor;
	}
	button {
		border: 0;
		border-radius: 8px;
		background: none;
		color: inherit;
		cursor: pointer;
		transition: background 0.12s;
	}
	.tool {
		display: grid;
		place-items: center;
		inline-size: 32px;
		block-size: 32px;
		color: var(--_text-2);
	}
	.button {
		min-block-size: 32px;
		padding: 0 12px;
		border: 1px solid var(--_control);
		font-weight: 600;
	}
	.button[aria-disabled='true'] {
		color: var(--_text-3);
	}
	.tool:hover,
	.button:hover {
		background: var(--_sunken);
	}
	:focus-visible {
		outline: 2px solid var(--_accent);
		outline-offset: 2px;
	}
	.tool:focus-visible,
	.list:focus-visible,
	.row:focus-visible,
	pre:focus-visible {
		outline-offset: -2px;
	}
	/* Keeping the reader's place is the element's work, and done twice it jumps. */
	.list {
		flex: 1 1 auto;
		min-block-size: 0;
		display: flex;
		flex-direction: column;
		position: relative;
		overflow: hidden auto;
		overflow-anchor: none;
		scrollbar-width: thin;
		scrollbar-color: var(--_control) transparent;
	}
	ol {
		list-style: none;
	}
	.note {
		margin: auto;
		padding: 40px 16px;
		inline-size: min(100%, 36ch + 32px);
		color: var(--_text-2);
		text-align: center;
		text-wrap: balance;
		overflow-wrap: anywhere;
	}
	.note svg {
		margin-block-end: 8px;
		color: var(--_text-3);
	}
	.title {
		margin-block-end: 4px;
		color: var(--_text);
	}
	.note > .button,
	.note > p + p + p {
		margin-block-start: 12px;
	}
	.copy {
		display: block;
		padding: 8px;
		border-radius: 8px;
		background: var(--_sunken);
		text-align: start;
		user-select: all;
	}
	code,
	pre {
		font-family: var(--_mono);
		font-size: var(--_small);
	}
	.quiet,
	.end {
		color: var(--_text-3);
		font-size: var(--_small);
		font-weight: 400;
	}
	.end {
		padding: 12px 16px 16px;
		text-align: center;
	}
	@container (max-width: 519.98px) {
		.pulse {
			inline-size: 72px;
		}
	}
	@container (max-width: 419.98px) {
		.titles {
			flex-direction: column;
		}
		.heading {
			max-inline-size: 100%;
		}
	}
	@container (max-width: 359.98px) {
		.pulse {
			display: none;
		}
		.header {
			padding-inline: 12px 4px;
		}
	}
	@media (pointer: coarse) {
		.tool,
		.button {
			min-inline-size: 44px;
			min-block-size: 44px;
		}
	}
	@keyframes beat {
		50% {
			opacity: 0.4;
		}
	}
	@keyframes fresh {
		from {
			background: var(--_accent-tint);
		}
	}
	@media (prefers-reduced-motion: reduce) {
		* {
			animation: none !important;
			transition: none !important;
		}
	}
	@media (forced-colors: active) {
		.selected {
			outline: 1px solid Highlight;
			outline-offset: -1px;
		}
	}
	@media print {
		.panel {
			block-size: auto;
			max-block-size: none;
		}
		.panel,
		.list {
			overflow: visible;
		}
		button,
		.pulse {
			display: none;
		}
		.time {
			font-size: 0;
		}
		.time::after {
			content: attr(title);
			font-size: 12px;
		}
	}
`;
