// The sheet, its header, what stands where the rows would be, and what all of these share.
// Knows the frame; never knows how a row is laid out.
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
	/* As tall as its rows, up to the maximum; a height of the host's wins over it, since a minimum wins over a maximum,
	   and a percentage of no height counts as none. */
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
		font: var(--_size) / 1.4286 var(--_font);
		font-variant-numeric: tabular-nums;
	}
	.header,
	.titles,
	.sign,
	.day,
	.gap,
	.meta,
	.level,
	.meta a {
		display: flex;
		align-items: center;
		gap: 0 8px;
	}
	.header {
		flex: none;
		min-block-size: 48px;
		padding-inline: 16px 8px;
		border-block-end: 1px solid var(--_line);
	}
	.titles {
		flex: 1;
		min-inline-size: 0;
		align-items: baseline;
	}
	.heading,
	.title,
	::slotted([slot='heading']) {
		margin: 0;
		font: 600 calc(1.0714 * var(--_size)) / 1.3333 var(--_font);
	}
	.heading,
	.type,
	.compact .text,
	::slotted([slot='heading']) {
		overflow: hidden;
		text-overflow: ellipsis;
		white-space: nowrap;
	}
	.words,
	.quiet,
	.meta,
	.time,
	.day,
	.gap,
	.end,
	.code,
	.type,
	pre {
		font-size: max(12px, 0.857 * var(--_size));
		line-height: 1.3333;
	}
	.words,
	.tool,
	.note,
	.day,
	.gap,
	.type,
	.data,
	.avatar,
	.row-debug .text,
	pre {
		color: var(--_text-2);
	}
	.quiet,
	.meta,
	.time,
	.end {
		color: var(--_text-3);
	}
	/* The panel's words may be in another language than the page around it. */
	.words,
	.time,
	.end,
	.note p {
		unicode-bidi: plaintext;
	}
	.name,
	.title,
	.day,
	.level,
	.avatar,
	.button {
		font-weight: 600;
	}
	.code,
	.type,
	.data,
	pre {
		font-family: var(--_mono);
	}
	.words {
		flex: none;
	}
	.ring {
		color: var(--_warn);
	}
	.dot {
		color: var(--_ok);
	}
	svg {
		flex: none;
		overflow: visible;
		fill: none;
		stroke: currentColor;
		stroke-width: 1.5px;
	}
	.solid {
		fill: currentColor;
		fill-rule: evenodd;
		stroke: none;
	}
	path {
		vector-effect: non-scaling-stroke;
	}
	.i-ring {
		stroke-width: 2px;
	}
	button {
		border: 0;
		border-radius: 8px;
		background: none;
		color: inherit;
		cursor: pointer;
	}
	.tool,
	.button {
		min-inline-size: 32px;
		min-block-size: 32px;
	}
	.tool svg {
		vertical-align: -3px;
	}
	.space {
		display: block;
		inline-size: 1px;
	}
	.view {
		position: relative;
		flex: 1 1 auto;
		display: flex;
		flex-direction: column;
		min-block-size: 0;
	}
	.list {
		flex: 1 1 auto;
		display: flex;
		flex-direction: column;
		position: relative;
		overflow: hidden auto;
		scrollbar-width: thin;
	}
	ol {
		list-style: none;
	}
	.note,
	.end {
		padding: 12px 16px;
		text-align: center;
	}
	.note {
		margin: auto;
		padding-block: 40px;
		max-inline-size: calc(36ch + 32px);
		text-wrap: balance;
		overflow-wrap: anywhere;
	}
	.title {
		margin-block: 8px 4px;
		color: var(--_text);
	}
	.title ~ :nth-child(n + 4) {
		margin-block-start: 12px;
	}
	@container (width < 29.8em) {
		.titles {
			display: block;
		}
		.words {
			display: block;
		}
	}
`;
