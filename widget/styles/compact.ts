// The second voice: rows that read like a log.
// Knows how the one markup of a row is laid out in a line; never knows the frame around it.
import { css } from 'lit';

export const compact = css`
	.compact .row {
		grid-template-columns: minmax(5.25em, auto) 14px 9em minmax(0, 1fr);
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
	.compact .row > :not(pre, .under),
	.compact .meta > *,
	.compact .meta > :not(.acts) * {
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
	.compact .under {
		grid-area: 2 / 1 / auto / -1;
	}
	.compact .meta .acts {
		inset-block: 1px;
		inset-inline-end: 8px;
		margin: 0;
		border-radius: 6px;
		background: var(--_sunken);
	}
	/* The one that a reader without rights has, on the line and beside what stands at its end. */
	.compact .act {
		inset-block-start: 5px;
	}
	.compact .row:not(:hover, :focus-within, .row-selected) .acts {
		opacity: 0;
	}
	.compact .data {
		grid-column: 6;
		margin-block: -2px;
		margin-inline-end: 4px;
		padding-block: 2px;
	}
	.compact .row > pre {
		grid-column: 1 / span 6;
	}
	.compact .row-selected .text {
		white-space: pre-wrap;
	}

	@container (width < 37em) {
		.compact .row {
			grid-template-columns: minmax(5.25em, auto) 14px 6.5em minmax(0, 1fr);
		}
		.compact .meta a span {
			display: none;
		}
		.compact .row-selected .text {
			grid-area: 2 / 1 / auto / -1;
		}
	}
	@container (width < 25.5em) {
		/* Words first: what is left of the line is the sentence's. */
		.compact .row {
			grid-template-columns: minmax(5.25em, auto) 14px minmax(0, 1fr);
		}
		.compact .type {
			display: none;
		}
		.compact .text {
			grid-column: 3;
		}
	}
	@container (width >= 64.1em) {
		.compact .row {
			grid-template-columns: minmax(5.25em, auto) 14px 13em minmax(0, 1fr);
		}
	}
`;
