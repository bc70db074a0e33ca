// Rows in both voices, and what stands between them.
// Knows one markup and how it is laid out twice; never knows the frame around it.
import { css } from 'lit';

export const rows = css`
	.row {
		position: relative;
		display: grid;
		grid-template-columns: calc(2 * var(--_size)) minmax(0, 1fr) auto;
		gap: 0 12px;
		align-items: start;
		padding: 10px 16px;
	}
	.avatar,
	.copy {
		background: var(--_sunken);
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
		align-items: baseline;
		gap: 4px;
		color: var(--_level);
	}
	.level svg {
		align-self: center;
		inline-size: 1em;
		block-size: 1em;
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
	.copy {
		border: 1px solid transparent;
		border-radius: 8px;
	}
	.avatar {
		grid-row: span 2;
		position: relative;
		overflow: hidden;
		inline-size: calc(2 * var(--_size));
		block-size: calc(2 * var(--_size));
		font-size: max(11px, 0.786 * var(--_size));
		letter-spacing: 0.02em;
		line-height: calc(2 * var(--_size) - 2px);
		text-align: center;
	}
	.person {
		border-radius: 50%;
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
	/* As wide from the first as it will be, so that no sentence is broken anew when time goes by. */
	.comfortable .time {
		min-inline-size: 4.5em;
		text-align: end;
	}
	.meta {
		grid-column: 2 / 4;
		align-items: baseline;
		flex-wrap: wrap;
		overflow-wrap: anywhere;
	}
	.copy {
		padding: 8px 12px;
		text-align: start;
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

	.row-long:not(.row-expanded) .text {
		max-block-size: 6lh;
		overflow: clip;
		mask: linear-gradient(#000 4lh, #0000);
	}
	@container (width >= 29.8em) {
		.row-long:not(.row-wide) .text {
			max-block-size: none;
			mask: none;
		}
		.row-long:not(.row-wide) .more {
			display: none;
		}
	}
	@container (width < 25.5em) {
		.header,
		.row,
		.day {
			padding-inline: 12px;
		}
	}
`;
