// Rows in both voices, and what stands between them.
// Knows one markup and how it is laid out twice; never knows the frame around it.
import { css } from 'lit';

export const rows = css`
	.row {
		--_level: var(--_text-2);
		position: relative;
		display: grid;
		grid-template-columns: 28px minmax(0, 1fr) auto;
		column-gap: 12px;
		align-items: start;
		padding: 10px 16px;
		scroll-margin-block: 32px 0;
	}
	.row > * {
		grid-column: 2 / -1;
	}
	.row:hover,
	.row:focus-visible {
		background: var(--_sunken);
	}
	.row.selected {
		background: var(--_selected);
	}
	.fresh {
		animation: fresh 1.2s;
	}
	.success {
		--_level: var(--_ok);
	}
	.warning {
		--_level: var(--_warn);
	}
	.error {
		--_level: var(--_error);
	}
	.row:is(.warning, .error) {
		border-inline-start: 3px solid var(--_level);
		padding-inline-start: 13px;
	}
	/* Transparent borders are what forced colours draw where the ground is taken away. */
	.avatar {
		grid-area: 1 / 1 / span 2;
		position: relative;
		overflow: hidden;
		inline-size: 28px;
		block-size: 28px;
		border: 1px solid transparent;
		border-radius: 8px;
		background: var(--_sunken);
		color: var(--_text-2);
		font-size: 11px;
		font-weight: 600;
		letter-spacing: 0.02em;
		line-height: 26px;
		text-align: center;
	}
	.person {
		border-radius: 50%;
	}
	.avatar img {
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
	.row > .text {
		grid-area: 1 / 2;
	}
	.text {
		max-inline-size: 72ch;
		white-space: pre-wrap;
		overflow-wrap: anywhere;
		text-align: -webkit-match-parent;
		text-align: match-parent;
	}
	.debug .text {
		color: var(--_text-2);
	}
	.name,
	b {
		font-weight: 600;
	}
	.row > .time {
		grid-area: 1 / 3;
	}
	.time,
	.meta {
		color: var(--_text-3);
		font-size: var(--_small);
		line-height: 1.3333;
	}
	.time {
		padding-block-start: 2px;
		white-space: nowrap;
	}
	.meta {
		display: flex;
		flex-wrap: wrap;
		column-gap: 8px;
	}
	.level {
		display: inline-flex;
		align-items: center;
		gap: 4px;
		color: var(--_level);
		font-weight: 600;
	}
	.type,
	.data {
		color: var(--_text-2);
	}
	.type {
		min-inline-size: 0;
		overflow: hidden;
		text-overflow: ellipsis;
		white-space: nowrap;
	}
	a {
		color: var(--_accent);
		text-decoration: none;
	}
	a:hover {
		text-decoration: underline;
	}
	.meta a {
		display: inline-flex;
		align-items: center;
		gap: 2px;
		min-inline-size: 0;
		overflow-wrap: anywhere;
	}
	.out:dir(rtl) {
		transform: scaleX(-1);
	}
	/* Targets of 24 px on lines of 16 */
	.meta button {
		margin: -4px;
		padding: 4px;
		line-height: inherit;
	}
	.meta button:hover {
		text-decoration: underline;
	}
	.data {
		font-family: var(--_mono);
	}
	.more {
		display: none;
		color: var(--_accent);
	}
	pre {
		margin-block: 8px 2px;
		padding: 8px 12px;
		max-block-size: 20lh;
		overflow: auto;
		border: 1px solid transparent;
		border-radius: 8px;
		background: var(--_sunken);
		color: var(--_text-2);
		line-height: 1.5;
		tab-size: 2;
	}
	.row:is(:hover, :focus-visible, .selected) pre {
		background: var(--_surface);
	}
	.comfortable .fold:not(.narrow) .more {
		display: inline;
	}
	.comfortable .fold:not(.narrow, .expanded) .text {
		max-block-size: 6lh;
		overflow: clip;
		mask-image: linear-gradient(#000 calc(100% - 2lh), transparent);
	}
	.day,
	.gap {
		font-size: var(--_small);
		line-height: 1.3333;
	}
	.day {
		position: sticky;
		inset-block-start: 0;
		z-index: 1;
		display: flex;
		align-items: center;
		gap: 12px;
		padding: 8px 16px 4px;
		background: var(--_surface);
		color: var(--_text-2);
		font-weight: 600;
	}
	.day::after {
		content: '';
		flex: 1;
		border-block-start: 1px solid var(--_line);
	}
	.gap {
		display: flex;
		align-items: center;
		gap: 8px;
		margin: 8px 16px;
		padding: 8px 12px;
		border: 1px dashed var(--_control);
		border-radius: 8px;
		color: var(--_text-2);
	}
	.bones {
		pointer-events: none;
	}
	.bones i {
		border: 1px solid var(--_line);
		background: var(--_line);
	}
	.bones :not(.avatar) {
		block-size: 10px;
		margin-block: 5px;
		border-radius: 5px;
		inline-size: 62%;
	}
	.bones .meta {
		margin-block: 3px;
		inline-size: 34%;
	}
	.bones:nth-child(even) .text {
		inline-size: 84%;
	}

	.compact .row {
		--_clock: 68px;
		grid-template-columns: var(--_clock) 14px 116px minmax(0, 1fr) auto auto auto;
		column-gap: 8px;
		min-block-size: 26px;
		padding-block: 3px;
		font-size: 0.929em;
		line-height: 20px;
	}
	.compact.long .row {
		--_clock: 84px;
	}
	.compact :is(.row.error, .row.error:hover) {
		background: var(--_error-tint);
	}
	.compact .avatar {
		display: none;
	}
	.compact .meta {
		display: contents;
	}
	.compact .meta > * {
		grid-row: 1;
		font-size: var(--_small);
		line-height: 20px;
	}
	.compact .row > .time {
		grid-area: 1 / 1;
		padding: 0;
		font-family: var(--_mono);
		line-height: 20px;
	}
	.compact .level,
	.compact .row::before {
		grid-area: 1 / 2;
		align-self: center;
	}
	.compact .level span {
		position: absolute;
		clip-path: inset(50%);
	}
	.compact .row:is(.info, .debug)::before {
		content: '';
		justify-self: center;
		border: 2px solid var(--_control);
		border-radius: 50%;
	}
	.compact .type {
		grid-column: 3;
	}
	.compact .row > .text {
		grid-area: 1 / 4;
		overflow: hidden;
		text-overflow: ellipsis;
		white-space: nowrap;
	}
	.compact .selected > .text {
		white-space: pre-wrap;
	}
	.compact .meta button {
		margin-block: -2px;
		padding-block: 2px;
	}
	.compact .row > pre {
		grid-column: 1 / -1;
	}

	@container (min-width: 900px) {
		.comfortable .row {
			grid-template-columns: 28px minmax(0, 72ch) auto;
			justify-content: start;
		}
	}
	@container (max-width: 519.98px) {
		.compact .row {
			grid-template-columns: var(--_clock) 14px fit-content(9em) minmax(0, 1fr) auto auto;
		}
		.compact .meta a span {
			display: none;
		}
	}
	@container (max-width: 419.98px) {
		.comfortable .narrow .more {
			display: inline;
		}
		.comfortable .narrow:not(.expanded) .text {
			max-block-size: 6lh;
			overflow: clip;
			mask-image: linear-gradient(#000 calc(100% - 2lh), transparent);
		}
	}
	@container (max-width: 359.98px) {
		.row,
		.day {
			padding-inline: 12px;
		}
		.row:is(.warning, .error) {
			padding-inline-start: 9px;
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
