// What the first row on the screen does without: the pulse, buttons and data, gaps, bones, wide panels, other media.
// Knows looks; never knows when it is loaded.
import { css } from 'lit';

export const rest = css`
	.panel {
		position: relative;
	}
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
	/* Without the scrollbar's place each layout is one of all rows without it and then with it: sixteen times as long. */
	[data-rows] {
		scrollbar-gutter: stable;
	}
	.row {
		scroll-margin-block-start: 32px;
	}
	img {
		position: absolute;
		inset: -1px;
		inline-size: calc(100% + 2px);
		block-size: calc(100% + 2px);
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
	.here {
		padding: 4px 8px;
		border-radius: 6px;
		color: var(--_text-2);
		font-size: max(12px, 0.857 * var(--_size));
		white-space: nowrap;
	}
	.here:hover {
		background: var(--_sunken);
	}
	.people {
		display: flex;
		flex: none;
		flex-wrap: wrap;
		gap: 4px 16px;
		padding: 8px 16px;
		border-block-end: 1px solid var(--_line);
		color: var(--_text-2);
		font-size: max(12px, 0.857 * var(--_size));
		list-style: none;
	}
	.people .dot {
		display: inline-block;
		inline-size: 8px;
		block-size: 8px;
		margin-inline-end: 6px;
		border-radius: 50%;
		background: currentcolor;
	}
	.people .name,
	.moves {
		overflow-wrap: anywhere;
	}
	.moves {
		padding: 4px 16px;
		text-align: start;
	}
	.button {
		padding-inline: 12px;
		border: 1px solid var(--_control);
	}
	/* Widths are those inside the border, and in the panel's own letters: 420, 520, 360 and 900 px where those are usual. */
	@container (width < 37em) {
		.pulse {
			inline-size: 72px;
			stroke-width: 0.9px;
		}
	}
	@container (width < 25.5em) {
		.pulse {
			display: none;
		}
	}
	/* Few words to a line: the time makes room for them. */
	@container (width < 18em) {
		.comfortable .time {
			grid-area: auto / 2 / auto / 4;
			text-align: start;
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
	.row-pending .more::before {
		margin-inline-end: 8px;
		color: var(--_text-3);
		content: '·';
	}
	.failed {
		display: flex;
		gap: 4px;
		color: var(--_error);
		font-weight: 600;
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
	/* What only listeners notice. */
	.unseen {
		position: absolute;
		inline-size: 1px;
		block-size: 1px;
		overflow: hidden;
		clip-path: inset(50%);
		white-space: nowrap;
	}
	/* Where nobody can scroll to. */
	.row.row-kept {
		position: absolute;
		inset: -100000px 0 auto;
	}
	.pill {
		position: absolute;
		z-index: 2;
		inset-inline: 0;
		inset-block-start: 12px;
		display: flex;
		align-items: center;
		gap: 6px;
		inline-size: fit-content;
		max-inline-size: calc(100% - 32px);
		min-block-size: 32px;
		margin-inline: auto;
		padding-inline: 12px 14px;
		border: 1px solid transparent;
		border-radius: 16px;
		background: var(--_accent);
		color: var(--_on-accent);
		box-shadow: 0 2px 8px #0003;
		font-weight: 600;
		white-space: nowrap;
	}
	.pill:focus-visible {
		outline-offset: 2px;
	}
	.newest-last .pill {
		inset-block: auto 12px;
	}
	.new {
		display: flex;
		align-items: center;
		gap: 8px;
		padding: 4px 16px;
		color: var(--_accent);
		font-size: max(12px, 0.857 * var(--_size));
		font-weight: 600;
		line-height: 1.3333;
	}
	.new::before,
	.new::after {
		content: '';
		flex: 1;
		border-block-start: 1px solid;
	}
	.row-folded .avatar {
		overflow: visible;
	}
	.row-folded .avatar::before {
		content: '';
		position: absolute;
		z-index: -1;
		inset: -5px -5px 3px 3px;
		border: 1px solid var(--_control);
		border-radius: inherit;
	}
	.row-folded {
		z-index: 0;
	}
	.row-inside {
		padding-inline-start: 56px;
	}
	.fold {
		display: flex;
		gap: 8px;
	}
	.chip {
		padding-inline: 6px;
		border: 1px solid var(--_line);
		border-radius: 10px;
		background: var(--_sunken);
		color: var(--_text-2);
		font-weight: 600;
	}
	.meta {
		position: relative;
		padding-inline-end: 24px;
	}
	.meta .act {
		position: absolute;
		inset-block-start: 0;
		inset-inline-end: 0;
		display: flex;
		min-inline-size: 24px;
		min-block-size: 24px;
		color: var(--_text-2);
		opacity: 0;
	}
	.row:is(:hover, :focus-within, .row-selected) .act,
	.act:focus-visible {
		opacity: 1;
	}
	.act:hover {
		color: var(--_accent);
	}
	.row-own > * {
		grid-column: 1 / -1;
	}
	/* Drawings grow with the words. */
	.tool svg {
		inline-size: calc(1.143 * var(--_size));
		block-size: calc(1.143 * var(--_size));
	}
	.sign svg,
	.meta a svg {
		inline-size: calc(0.714 * var(--_size));
		block-size: calc(0.714 * var(--_size));
	}
	.keys {
		margin: auto;
		inline-size: min(22rem, calc(100% - 32px));
		padding: 16px;
		border: 1px solid var(--_line);
		border-radius: 12px;
		background: var(--_surface);
		color: var(--_text);
		font: var(--_size) / 1.4286 var(--_font);
	}
	.keys::backdrop {
		background: #0006;
	}
	.keys .title {
		margin-block: 0 8px;
	}
	.keys dl > div {
		display: grid;
		grid-template-columns: 5em 1fr;
		padding-block: 4px;
	}
	.keys .button {
		margin-block-start: 12px;
	}
	kbd {
		display: inline-block;
		min-inline-size: 24px;
		padding-inline: 6px;
		border: 1px solid var(--_control);
		border-radius: 6px;
		font: max(12px, 0.857 * var(--_size)) / 20px var(--_mono);
		text-align: center;
	}
	.pulse {
		cursor: pointer;
		touch-action: none;
	}
	.chosen {
		stroke: var(--_accent);
		opacity: 0.4;
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
	.bones:nth-of-type(even) .text {
		inline-size: 85%;
	}
	.bones:nth-of-type(3n) .text {
		inline-size: 55%;
	}
	@container (width >= 64.1em) {
		.comfortable .row {
			grid-template-columns: calc(2 * var(--_size)) minmax(0, 72ch) minmax(6em, max-content);
			justify-content: start;
		}
		.comfortable .row-inside {
			grid-template-columns: calc(2 * var(--_size)) minmax(0, calc(72ch - 40px)) minmax(6em, max-content);
		}
		.comfortable .time {
			text-align: start;
		}
	}
	@media (pointer: coarse) {
		.pill {
			min-block-size: 44px;
			border-radius: 22px;
		}
		.meta button {
			margin-block: -14px;
			padding-block: 14px;
		}
	}
	@container (width < 25.5em) {
		.gap {
			margin-inline: 12px;
		}
	}
	/* A drawing keeps its own colours there, and only takes over its parent's. */
	@media (forced-colors: active) {
		.pulse {
			stroke: CanvasText;
		}
		.errors {
			stroke: Highlight;
		}
		.more,
		.data,
		.fold,
		.act {
			color: LinkText;
		}
		.row-pending .text {
			opacity: 1;
		}
		.pill {
			border-color: ButtonText;
		}
		.new {
			color: Highlight;
		}
		.row-selected {
			outline: 1px solid Highlight;
			outline-offset: -1px;
		}
	}
	@media (prefers-reduced-motion: no-preference) {
		.row-fresh {
			animation: fresh 1.2s;
		}
		.dot {
			animation: beat 0.6s;
		}
		.tool,
		.button,
		.pill {
			transition: background 0.12s;
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
	@media print {
		:host,
		.panel,
		.view {
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
		.row .text,
		.row-long:not(.row-expanded) .text {
			max-block-size: none;
			mask: none;
			white-space: pre-wrap;
		}
		.type {
			overflow: visible;
			white-space: normal;
			overflow-wrap: anywhere;
		}
		.row,
		.gap {
			break-inside: avoid;
		}
		.day {
			position: static;
			break-after: avoid;
		}
		.words,
		.space {
			display: none;
		}
		.comfortable .time {
			font-size: 0;
		}
		.comfortable .time::after {
			font-size: max(12px, 0.857 * var(--_size));
			content: attr(title);
		}
	}
`;
