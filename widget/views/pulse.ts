// The last hour as sixty bars.
// Knows counts by minute; never knows the events behind them.

import { html, nothing } from 'lit';
import { type FeedEvent, LEVELS, type Pulse } from '../../relay/protocol/event.ts';
import { formatClock } from '../times.ts';
import type { PanelHandlers, PanelProps } from './panel.ts';

const MINUTE_MS = 60_000;
/** More than the hour that is shown. */
const KEPT_MINUTES = 120;

/** Events and errors of the sixty minutes that end with `minute` (minutes since 1970), oldest first. */
export function lastHour({ minute: first, counts }: Pulse, minute: number): [events: number, errors: number][] {
	// The relay counted when we joined; the hour has moved on since.
	return Array.from({ length: 60 }, (_, i) => {
		const index = minute - 59 + i - first;
		return [Object.values(counts).reduce((sum, level) => sum + (level[index] ?? 0), 0), counts.error?.[index] ?? 0];
	});
}

/** Counts events that came after the relay has counted; a minute that it did not know begins with them. */
export function countEvents({ minute: first, counts: known }: Pulse, events: readonly FeedEvent[]): Pulse {
	const newest = Math.floor((events.at(-1)?.time ?? 0) / MINUTE_MS);
	// Nobody asks for older ones any more, however long a page is open.
	const minute = Math.max(first, newest - KEPT_MINUTES);
	const counts: Pulse['counts'] = {};
	for (const level of LEVELS) {
		const minutes = known[level];
		if (minutes) counts[level] = minutes.slice(minute - first);
	}
	for (const { level = 'info', time } of events) {
		counts[level] ??= [];
		const index = Math.floor(time / MINUTE_MS) - minute;
		if (index >= 0) counts[level][index] = (counts[level][index] ?? 0) + 1;
	}
	return { minute, counts };
}

/** What a minute of the hour had, in words. */
export function minuteWords({ pulse, now, minute = 0, words, ...zone }: PanelProps): string {
	const last = Math.floor(now / MINUTE_MS);
	const [events, errors] = (pulse && lastHour(pulse, last)[minute]) ?? [0, 0];
	return words.pulseMinute(formatClock((last - 59 + minute) * MINUTE_MS, zone), events, errors);
}

/** The drawing and its name. A minute of it is chosen by the pointer or by arrows, and gone to by a press. */
export function pulseView(props: PanelProps, { onMinute, onGoToMinute }: PanelHandlers): unknown {
	const { pulse, words } = props;
	if (!pulse) return nothing;
	const minute = Math.floor(props.now / MINUTE_MS);
	const hour = lastHour(pulse, minute);
	const most = Math.max(...hour.map(([n]) => n));
	const busiest = formatClock((minute - 59 + hour.findIndex(([n]) => n === most)) * 60_000, props);
	const sum = (which: 0 | 1) => hour.reduce((total, counts) => total + counts[which], 0);
	const name = words.pulse(sum(0), busiest, most, sum(1));
	let bars = '';
	let bad = '';
	let running = '';
	for (const [i, [n, errors]] of hour.entries()) {
		if (!n) continue;
		const height = Math.max(2, (n / most) * 19);
		const foot = errors && Math.max(2, (errors / n) * height);
		const x = `M${i * 2 + 1} `;
		if (errors) bad += `${x}19V${19 - foot}`;
		// Parted from the errors by 1 px
		const bar = height > foot + 1 ? `${x}${19 - foot - (foot && 1)}V${19 - height}` : '';
		if (i < 59) bars += bar;
		else running = bar;
	}
	const chosen = props.minute ?? 59;
	const pointAt = ({ currentTarget, clientX }: PointerEvent) => {
		const { left, width } = (currentTarget as Element).getBoundingClientRect(); // the drawing itself
		onMinute(Math.min(59, Math.max(0, Math.floor(((clientX - left) / width) * 60))));
	};
	const step = (press: KeyboardEvent) => {
		// Oldest first from the left, in every direction of writing.
		const by = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, Home: -59, End: 59 }[press.key];
		if (by) onMinute(Math.min(59, Math.max(0, chosen + by)));
		else if (press.key === 'Enter') onGoToMinute(chosen);
		else return;
		press.preventDefault();
	};
	return html`<svg class="pulse" part="pulse" role="slider" tabindex="0" aria-label=${name} aria-valuemin="0" aria-valuemax="59" aria-valuenow=${chosen} aria-valuetext=${minuteWords({ ...props, minute: chosen })}
		width="120" height="20" viewBox="0 0 120 20" preserveAspectRatio="none" @pointermove=${pointAt} @pointerleave=${() => onMinute(undefined)} @blur=${() => onMinute(undefined)} @keydown=${step} @click=${() => onGoToMinute(chosen)}>
		<path class="chosen" d=${props.minute === undefined ? '' : `M${chosen * 2 + 1} 20V0`}></path><path class="ground" d="M0 19.5H120"></path><path d=${bars}></path><path class="running" d=${running}></path><path class="errors" d=${bad}></path></svg>`;
}
