// The head of the panel: is it alive, what is it called, how much happens.
// Knows the state in words; never knows rows.
import { html, nothing } from 'lit';
import type { TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { keyed } from 'lit/directives/keyed.js';
import { formatClock } from '../times.ts';
import { icon } from './icons.ts';
import type { Icon } from './icons.ts';
import type { PanelHandlers, PanelProps } from './panel.ts';
import { pulseView } from './pulse.ts';
import { isAuthors } from './state.ts';

/** The state of the connection in words. */
export function stateWords(props: PanelProps): string {
	const { connection, paused, words, asOf } = props;
	if (isAuthors(props.problem?.code)) return words.notSetUp;
	if (connection === 'refused') return words.notAllowed;
	if (connection === 'offline') return words.offline(asOf === undefined ? undefined : formatClock(asOf, props));
	if (connection === 'connecting') return props.settled ? words.connecting : '';
	if (connection === 'idle') return '';
	if (paused) return words.paused(props.waiting);
	return connection === 'live' ? words.live : words.catchingUp(props.toGo);
}

function button(name: Icon, label: string, onClick: () => void): TemplateResult {
	return html`<button class="tool" title=${label} aria-label=${label} @click=${onClick}>${icon(name)}</button>`;
}

/** The header; it is there even where it is not wanted, for its slots. */
export function header(props: PanelProps, on: PanelHandlers): TemplateResult {
	const { connection, paused, words, pulse, items, now } = props;
	const live = connection === 'live';
	const ends = items.length ? [items[0], items.at(-1)] : [];
	const newest = ends[props.order === 'newest-first' ? 0 : 1];
	// A new key is a new dot, and a new dot beats once: at most every other second.
	const beat = newest?.kind === 'event' ? Math.floor(newest.event.time / 2000) : 0;
	return html`<header class="header" part="header" ?hidden=${props.noHeader}>
		${keyed(beat, html`<span class="sign ${live ? 'live' : connection}">${icon(paused && live ? 'pause' : live ? 'dot' : 'ring', 10)}</span>`)}
		<div class="titles">
			<slot name="heading"><h2 class="heading" part="heading" dir="auto">${props.heading || props.channel}</h2></slot>
			<span class="words" part="state" title=${props.problem?.message ?? nothing}>${stateWords(props)}</span>
		</div>
		${pulse && !props.noPulse ? guard([pulse, Math.floor(now / 60_000), words], () => pulseView(pulse, now, props, words)) : nothing}
		<slot name="actions"></slot>
		${
			connection === 'offline'
				? button('retry', words.retry, on.onRetry)
				: connection === 'refused' || isAuthors(props.problem?.code)
					? nothing
					: paused
						? button('play', words.resume, on.onTogglePause)
						: button('pause', words.pause, on.onTogglePause)
		}
	</header>`;
}
