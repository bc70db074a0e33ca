// Rows in both voices, and what stands between them.
// Knows one markup and how it is laid out twice; never knows the frame around it.
import { css } from 'lit';

export const rows = css`
	.row {
		position: relative;
		display: grid;
		grid-template-columns: 28px minmax(0, 1fr) auto;
		gap: 0 12px;
		align-items: start;
		padding: 10px 16px;
		scroll-margin-block-start: 32px;
	}
	.row:hover,
	.row:focus-visible,
	.tool:hover,
	.button:hover,
	.avatar,
	.copy,
	pre {
		background: var(--_sunken);
	}
	.row.row-selected {
		background: var(--_selected);
	}
	.row-fresh {
		animation: fresh 1.2s;
	}
	.row-success {
		--_level: var(--_ok);
	}
	.row-warning {
		--_level: var(--_warn);
	}
	.row-error {
		--_level: var(--_error);
	}
	.level {
		gap: 4px;
		color: var(--_level);
	}
	:is(.row-warning, .row-error)::after {
		content: '';
		position: absolute;
		inset-block: 0;
		inset-inline-start: 0;
		border-inline-start: 3px solid var(--_level);
	}
	/* Transparent borders are what forced colours draw where they take the ground away. */
	.avatar,
	.copy,
	pre {
		border: 1px solid transparent;
		border-radius: 8px;
	}
	.avatar {
		grid-row: span 2;
		position: relative;
		overflow: hidden;
		inline-size: 28px;
		block-size: 28px;
		font-size: 11px;
		letter-spacing: 0.02em;
		line-height: 26px;
		text-align: center;
	}
	.person {
		border-radius: 50%;
	}
	img {
		position: absolute;
		inset: -1px;
		object-fit: cover;
		background: var(--_surface);
	}
	.hue {
		background: light-dark(oklch(0.92 0.055 var(--_hue)), oklch(0.33 0.065 var(--_hue)));
		color: light-dark(oklch(0.4 0.11 var(--_hue)), oklch(0.88 0.09 var(--_hue)));
	}
	.h0 { --_hue: 15; }
	.h1 { --_hue: 45; }
	.h2 { --_hue: 75; }
	.h3 { --_hue: 105; }
	.h4 { --_hue: 135; }
	.h5 { --_hue: 165; }
	.h6 { --_hue: 195; }
	.h7 { --_hue: 225; }
	.h8 { --_hue: 255; }
	.h9 { --_hue: 285; }
	.h10 { --_hue: 315; }
	.h11 { --_hue: 345; }
	.text {
		max-inline-size: 72ch;
		white-space: pre-wrap;
		overflow-wrap: anywhere;
	}
	/* Each in its own direction, but at the edges of the panel's. */
	.text,
	.time,
	.words,
	.heading {
		text-align: -webkit-match-parent;
		text-align: match-parent;
	}
	.time {
		grid-area: 1 / 3;
		padding-block-start: 2px;
		white-space: nowrap;
	}
	.meta,
	.row > pre {
		grid-column: 2 / 4;
	}
	.meta {
		flex-wrap: wrap;
		overflow-wrap: anywhere;
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
	.i-out:dir(rtl) {
		scale: -1 1;
	}
	/* Targets of 24 px on lines of 16 */
	.meta button {
		margin: -4px;
		padding: 4px;
	}
	.more {
		color: var(--_accent);
	}
	.copy,
	pre {
		padding: 8px 12px;
		text-align: start;
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
	.day {
		position: sticky;
		inset-block-start: 0;
		z-index: 1;
		padding: 8px 16px 4px;
		background: var(--_surface);
	}
	.day::after {
		content: '';
		flex: 1;
		border-block-start: 1px solid var(--_line);
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

	.compact .row {
		grid-template-columns: minmax(68px, auto) 14px 116px minmax(0, 1fr);
		gap: 0 8px;
		min-block-size: 26px;
		padding-block: 3px;
		font-size: 0.929em;
		line-height: 1.54em;
	}
	.compact .row-error:not(.row-selected) {
		background: var(--_error-tint);
	}
	.compact .avatar {
		display: none;
	}
	.compact .meta {
		display: contents;
	}
	.compact .row *:not(pre) {
		grid-row: 1;
		line-height: inherit;
	}
	.compact .time {
		grid-column: 1;
		padding: 0;
		font-family: var(--_mono);
	}
	.compact .level,
	.compact .row::before {
		grid-area: 1 / 2;
		min-block-size: 1lh;
	}
	.compact .level span {
		position: absolute;
		clip-path: inset(50%);
	}
	.compact :is(.row-info, .row-debug)::before {
		content: '•';
		color: var(--_control);
		text-align: center;
	}
	.compact .type {
		grid-column: 3;
	}
	.compact .text {
		grid-column: 4;
		max-inline-size: none;
	}
	.compact .meta a {
		grid-column: 5;
		min-block-size: 1lh;
	}
	.compact .data {
		grid-column: 6;
		margin-block: -2px;
		padding-block: 2px;
	}
	.compact .row > pre {
		grid-column: 1 / span 6;
	}
	.compact .row-selected .text {
		white-space: pre-wrap;
	}

	.row-fold:not(.row-expanded) .text {
		max-block-size: 6lh;
		overflow: clip;
		mask: linear-gradient(#000 4lh, #0000);
	}
	@container (width >= 418px) {
		.row-fold:not(.row-wide) .text {
			max-block-size: none;
			mask: none;
		}
		.row-fold:not(.row-wide) .more {
			display: none;
		}
	}
	@container (width >= 898px) {
		.comfortable .row {
			grid-template-columns: 28px minmax(0, 72ch) auto;
			justify-content: start;
		}
	}
	@container (width < 518px) {
		.compact .row {
			grid-template-columns: minmax(68px, auto) 14px fit-content(9em) minmax(0, 1fr);
		}
		.compact .meta a span {
			display: none;
		}
		.compact .row-selected .text {
			grid-area: 2 / 1 / auto / -1;
		}
	}
	@container (width < 358px) {
		/* Words first: what is left of the line is the sentence's. */
		.compact .type {
			display: none;
		}
		.header,
		.row,
		.day {
			padding-inline: 12px;
		}
		.gap {
			margin-inline: 12px;
		}
	}
	@media (pointer: coarse) {
		.meta button {
			margin-block: -14px;
			padding-block: 14px;
		}
	}
`;
