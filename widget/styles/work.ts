// Status, marks, reactions, what can be done with an event, threads, and fields.
// Knows looks; never knows when it is loaded.
import { css } from 'lit';

export const work = css`
	:host {
		--_ok-tint: var(--live-feed-ok-tint, light-dark(#e6f5ec, #14281d));
	}
	.status,
	.mark,
	.reactions,
	.reaction,
	.acts,
	.entry-acts,
	.drawer,
	.refusal,
	.became,
	.small,
	.send {
		display: inline-flex;
		align-items: center;
		gap: 4px;
	}
	/* Chips of 20 px; each has a border, for forced colours. */
	.status {
		align-self: center;
		min-block-size: 20px;
		padding-inline: 6px 8px;
		border: 1px solid var(--_control);
		border-radius: 10px;
		color: var(--_text-2);
		font-weight: 600;
	}
	.resolved {
		border-color: transparent;
		background: var(--_ok-tint);
		color: var(--_ok);
	}
	.cancelled {
		border-style: dashed;
		color: var(--_text-3);
	}
	.reopened {
		border-color: transparent;
		background: var(--_accent-tint);
		color: var(--_accent);
	}
	.marks {
		display: contents;
	}
	.mark {
		color: var(--_text-2);
	}
	.replies {
		color: var(--_accent);
	}
	.reactions {
		flex-wrap: wrap;
	}
	.meta .reaction {
		min-block-size: 24px;
		margin: 0;
		padding: 0 8px;
		border: 1px solid var(--_line);
		border-radius: 12px;
		background: var(--_sunken);
		color: var(--_text-2);
	}
	.meta .reaction[aria-pressed='true'] {
		border-color: var(--_accent);
		background: var(--_accent-tint);
		color: var(--_accent);
		font-weight: 600;
	}
	[aria-disabled='true'] {
		opacity: 0.6;
		cursor: default;
	}
	/* Room for four of 24 px, whether they are seen or not. */
	.row > .meta {
		padding-inline-end: 104px;
	}
	.row > .meta:has(.status, .reactions) {
		align-items: center;
		gap: 4px 8px;
		min-block-size: 28px;
		padding-block-start: 4px;
	}
	.meta:has(.status, .reactions) > .acts {
		inset-block-start: 4px;
	}
	.meta .type {
		min-inline-size: 0;
	}
	.acts .act {
		position: static;
		align-items: center;
		justify-content: center;
		margin: 0;
		padding: 4px;
	}
	.acts {
		position: absolute;
		inset-block-start: -4px;
		inset-inline-end: 0;
		gap: 0;
	}
	/* A hand on a reply is none on the row around it. */
	.row:has(.reply:hover) > .meta .act:not(:focus-visible, .row-selected *) {
		opacity: 0;
	}
	.reply:not(:hover, :focus-within) .acts {
		opacity: 0;
	}
	.act[aria-expanded='true'] {
		opacity: 1;
		color: var(--_accent);
	}
	.i-more {
		stroke-width: 2.5px;
		stroke-linecap: round;
	}
	.acts .few,
	.drawer .narrow {
		display: none;
	}
	.under {
		grid-column: 2 / 4;
		min-inline-size: 0;
	}
	.under > :not(:empty) {
		margin-block-start: 8px;
	}
	.small {
		min-block-size: 28px;
		padding-inline: 10px;
		background: var(--_surface);
		font-size: max(12px, 0.857 * var(--_size));
		font-weight: 600;
	}
	.strong {
		border-color: var(--_accent);
		background: var(--_accent);
		color: var(--_on-accent);
	}
	.button.strong:hover {
		background: var(--_accent);
	}
	.danger {
		border-color: var(--_error);
		color: var(--_error);
	}
	.entry-acts,
	.drawer {
		display: flex;
		flex-wrap: wrap;
		gap: 8px;
	}
	.drawer .ask {
		font-weight: 600;
	}
	.sign-button {
		min-inline-size: 32px;
		min-block-size: 32px;
		font-size: 1.143em;
	}
	.sign-button:hover {
		background: var(--_selected);
	}
	.picker {
		gap: 2px;
	}
	.picker form {
		display: flex;
		gap: 4px;
		margin-inline-start: 6px;
	}
	.field {
		min-inline-size: 0;
		min-block-size: 32px;
		padding: 5px 8px;
		border: 1px solid var(--_control);
		border-radius: 8px;
		background: var(--_surface);
		color: inherit;
		resize: none;
	}
	.field::placeholder {
		color: var(--_text-3);
		opacity: 1;
	}
	.picker .field {
		min-block-size: 28px;
		padding-block: 3px;
	}
	.field[aria-invalid='true'] {
		border-color: var(--_error);
	}
	.editor textarea {
		flex: 1 1 100%;
	}
	.texts {
		display: block;
		padding: 8px 12px;
		border-radius: 8px;
		background: var(--_sunken);
	}
	.row:hover .texts {
		background: var(--_surface);
	}
	.earlier + .earlier {
		margin-block-start: 8px;
	}
	.refusal,
	.wrong {
		color: var(--_error);
		font-size: max(12px, 0.857 * var(--_size));
		line-height: 1.3333;
	}
	.refusal {
		display: flex;
		font-weight: 600;
	}
	.removed {
		color: var(--_text-3);
		font-style: italic;
	}
	.row-removed > .avatar {
		visibility: hidden;
		block-size: 0;
		border: 0;
	}
	.me {
		border-radius: 4px;
		background: var(--_accent-tint);
		color: var(--_accent);
	}
	.row-mention:not(.row-warning, .row-error)::after {
		content: '';
		position: absolute;
		inset-block: 0;
		inset-inline-start: 0;
		border-inline-start: 3px solid var(--_accent);
	}
	.thread {
		padding-inline-start: 12px;
		border-inline-start: 2px solid var(--_line);
	}
	.reply {
		position: relative;
		display: grid;
		grid-template-columns: 20px minmax(0, 1fr) auto;
		gap: 0 8px;
		padding-block: 6px;
	}
	.reply > .avatar {
		grid-row: 1;
		inline-size: 20px;
		block-size: 20px;
		border-radius: 6px;
		font-size: 11px;
		letter-spacing: 0;
		line-height: 18px;
	}
	.reply > .person {
		border-radius: 50%;
	}
	.reply > .text {
		grid-area: 1 / 2;
	}
	.reply > .drawer,
	.reply > .refusal {
		grid-column: 2 / 4;
		margin-block-start: 4px;
	}
	/* Without reactions it has no second line: its buttons stand before the time. */
	.reply > .meta {
		min-block-size: 0;
		padding: 0;
		grid-area: 2 / 2 / auto / 4;
	}
	.reply .acts {
		inset-block-start: 4px;
		border-radius: 8px;
		background: var(--_sunken);
	}
	.reply > .meta {
		position: static;
	}
	.reply > .meta:has(.reactions) {
		padding-block-start: 4px;
	}
	.reply-removed > .avatar {
		visibility: hidden;
	}
	.became {
		display: flex;
		padding: 4px;
		gap: 12px;
		color: var(--_text-3);
		font-size: max(12px, 0.857 * var(--_size));
		line-height: 1.3333;
	}
	.pending-reply {
		display: block;
		padding: 6px 0 6px 28px;
	}
	.pending-reply:dir(rtl) {
		padding: 6px 28px 6px 0;
	}
	.composer {
		flex: none;
		display: flex;
		flex-wrap: wrap;
		align-items: end;
		gap: 4px 8px;
		padding: 8px 16px;
		border-block-start: 1px solid var(--_line);
	}
	p.composer {
		padding-block: 12px;
	}
	.answer {
		padding: 4px 0 0;
		border: 0;
	}
	.composer textarea {
		flex: 1 1 10em;
		max-block-size: calc(6lh + 12px);
		overflow-y: auto;
	}
	@supports (field-sizing: content) {
		.composer textarea {
			field-sizing: content;
			min-block-size: 32px;
		}
	}
	.composer .avatar {
		margin-block-end: calc((32px - 2 * var(--_size)) / 2);
		padding: 0;
	}
	/* A picture made of letters is no words of the button's. */
	.composer .avatar::before {
		content: attr(data-initials);
	}
	.name-field {
		inline-size: 9em;
	}
	.send {
		padding-inline: 12px;
		font-weight: 600;
	}
	.answer .send {
		padding-inline: 8px;
	}
	.answer .send span {
		position: absolute;
		clip-path: inset(50%);
	}
	.hint {
		flex: 1 0 100%;
		color: var(--_text-3);
		font-size: max(12px, 0.857 * var(--_size));
		line-height: 1.3333;
	}
	.hint.wrong {
		color: var(--_error);
	}
	.hint:empty,
	.hint:not(:has(bdi)) {
		display: none;
	}
	.i-send:dir(rtl),
	.i-reply:dir(rtl),
	.i-turn:dir(rtl) {
		scale: -1 1;
	}
	/* A log: what has become of an entry stands at the end of its line, and one button leads to all that can be done. */
	.compact .row:has(.acts > .menu) {
		padding-inline-end: 40px;
	}
	.compact .acts:has(.menu) > :not(.menu),
	.compact .since {
		display: none;
	}
	.compact .acts .few {
		display: flex;
	}
	.compact .drawer .narrow {
		display: inline-flex;
	}
	.compact .row > .meta > .status {
		grid-column: 7;
		min-block-size: 20px;
		margin-block: -1px;
	}
	.compact .row > .meta > .marks {
		grid-column: 8;
		display: flex;
		align-items: center;
		gap: 8px;
	}
	.compact .marks .replies bdi,
	.compact .mark:not(button) span {
		max-inline-size: 10em;
		overflow: hidden;
		text-overflow: ellipsis;
		white-space: nowrap;
	}
	.compact .marks .reaction {
		min-block-size: 20px;
	}
	.compact .row > .under {
		grid-area: 3 / 1 / auto / 9;
		font-size: var(--_size);
		line-height: 1.4286;
	}
	.compact .under .text {
		overflow: visible;
		white-space: pre-wrap;
	}
	.compact .under .time {
		font-family: inherit;
	}
	.compact .under .meta {
		display: flex;
	}
	.compact .meta .acts:has(.menu) {
		inset-block: 1px auto;
	}
	.compact .reply > .meta .acts {
		inset-block: 4px auto;
	}
	@container (width < 37em) {
		.compact .status span {
			position: absolute;
			clip-path: inset(50%);
		}
		.compact .row > .meta > .status {
			grid-column: 5;
			padding-inline: 3px;
		}
		.compact .row > .meta > .marks:has(*) {
			grid-area: 2 / 1 / auto / -1;
		}
	}
	.compact .reply > .avatar {
		display: block;
	}
	.compact .reply > .time {
		grid-area: 1 / 3;
	}
	/* Few words to a line, or a finger: one button leads to all of them. */
	@container (width < 29.8em) {
		.row > .meta {
			padding-inline-end: 24px;
		}
		.row > .meta .acts:has(.menu) > :not(.menu) {
			display: none;
		}
		.acts .few {
			display: flex;
		}
		.drawer .narrow {
			display: inline-flex;
		}
		.composer {
			padding-inline: 12px;
		}
		.answer {
			padding-inline: 0;
		}
		.name-field {
			flex: 1 0 100%;
		}
		.send span {
			position: absolute;
			clip-path: inset(50%);
		}
	}
	@media (pointer: coarse) {
		.row > .meta {
			padding-inline-end: 44px;
		}
		.acts:has(.menu) > :not(.menu) {
			display: none;
		}
		.acts .menu {
			display: flex;
			min-inline-size: 44px;
			opacity: 1;
		}
		.drawer .narrow {
			display: inline-flex;
		}
		.small,
		.field,
		.sign-button,
		.send {
			min-block-size: 44px;
		}
		.sign-button {
			min-inline-size: 44px;
		}
		.meta .reaction {
			min-block-size: 32px;
		}
	}
	@container (width >= 64.1em) {
		.comfortable .under {
			grid-column: 2;
		}
		.comfortable .row > .meta {
			grid-column: 2;
		}
	}
	@media (forced-colors: active) {
		.reaction[aria-pressed='true'] {
			border-color: Highlight;
			color: Highlight;
		}
		.status,
		.strong {
			border-color: currentColor;
		}
		.cancelled {
			border-style: dashed;
		}
		.me {
			color: Highlight;
			text-decoration: underline;
		}
		.row-mention::after {
			border-color: Highlight;
		}
		[aria-disabled='true'] {
			color: GrayText;
			opacity: 1;
		}
	}
	@media print {
		.composer,
		.drawer,
		.entry-acts {
			display: none;
		}
	}
`;
