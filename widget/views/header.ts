// The head of the panel: is it alive, what is it called, how much happens.
// Knows the state in words; never knows rows.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import { formatClock } from '../times.ts';
import type { Icon } from './icons.ts';
import { icon } from './icons.ts';
import { drawLines } from './lines.ts';
import { isAuthors } from './note.ts';
import type { PanelHandlers, PanelProps } from './panel.ts';

/** The state of the connection in words; some of them come with what is loaded later. */
export function stateWords(props: PanelProps): string | undefined {
	const { connection, words, asOf } = props;
	if (isAuthors(props)) return words.notSetUp;
	return {
		idle: '',
		connecting: props.settled ? words.connecting : '',
		'catching-up': words.catchingUp?.(props.toGo),
		live: props.paused ? words.paused?.(props.waiting ?? 0) : words.live,
		offline: words.offline(asOf ? formatClock(asOf, props) : undefined),
		refused: words.notAllowed,
	}[connection];
}

/** The header; it is there even where it is not wanted, for its slots. */
export function header(props: PanelProps, on: PanelHandlers): TemplateResult {
	const { connection, paused, words, pulse, items, order, later } = props;
	const live = connection === 'live';
	const minute = Math.floor(props.now / 60_000);
	const newest = items.at(order === 'newest-first' ? 0 : -1);
	// A new key is a new dot, and a new dot beats once: at most every other second.
	const beat = newest?.kind === 'event' ? Math.floor(newest.event.time / 2000) : 0;
	const sign: Icon = live ? (paused ? 'pause' : 'dot') : 'ring';
	const [tool, label, act]: [Icon, string, () => void] =
		connection === 'offline'
			? ['retry', words.retry, on.onRetry]
			: paused
				? ['play', words.resume, on.onTogglePause]
				: ['pause', words.pause, on.onTogglePause];
	return html`<header class="header" part="header" ?hidden=${props.noHeader}>
		${drawLines([{ key: beat, deps: [sign], draw: () => html`<span class="sign ${sign}">${icon(sign, sign === 'pause' ? 12 : 10)}</span>` }])}
		<div class="titles">
			<slot name="heading"><h2 class="heading" part="heading" dir="auto" title=${props.heading || props.channel}>${props.heading || props.channel || 'live-feed'}</h2></slot>
			<span class="words" part="state">${props.minute === undefined ? stateWords(props) : later?.minuteWords(props)}</span>
		</div>
		${later?.peopleButton(props, on)}
		${pulse && later && !props.noPulse ? drawLines([{ key: 0, deps: [pulse, minute, words, props.minute], draw: () => later.pulseView(props, on) }]) : nothing}
		<slot name="actions"></slot>
		${connection === 'refused' || isAuthors(props) ? nothing : html`<button class="tool" aria-label=${label} title=${later && act !== on.onRetry ? words.withKey(label, 'p') : label} @click=${act}>${icon(tool)}</button>`}
	</header>`;
}
