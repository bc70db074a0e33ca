// The last hour as sixty bars.
// Knows counts by minute; never knows the events behind them.

import type { TemplateResult } from 'lit';
import { html } from 'lit';
import type { FeedEvent, Pulse } from '../../relay/protocol/event.ts';
import type { Zone } from '../times.ts';
import { formatClock } from '../times.ts';
import type { Words } from '../words.ts';

/** Events and errors of the sixty minutes that end with `minute` (minutes since 1970), oldest first. */
export function lastHour({ minute: first, counts }: Pulse, minute: number): [events: number, errors: number][] {
	// The relay counted when we joined; the hour has moved on since.
	return Array.from({ length: 60 }, (_, i) => {
		const index = minute - 59 + i - first;
		return [Object.values(counts).reduce((sum, level) => sum + (level[index] ?? 0), 0), counts.error?.[index] ?? 0];
	});
}

/** Counts events that came after the relay has counted; a minute that it did not know begins with them. */
export function countEvents(pulse: Pulse, events: readonly FeedEvent[]): Pulse {
	const counts = { ...pulse.counts };
	for (const { level = 'info', time } of events) {
		const index = Math.floor(time / 60_000) - pulse.minute;
		const minutes = [...(counts[level] ?? [])];
		minutes[index] = (minutes[index] ?? 0) + 1;
		counts[level] = minutes;
	}
	return { minute: pulse.minute, counts };
}

/** The drawing and its name. */
export function pulseView(pulse: Pulse, minute: number, zone: Zone, words: Words): TemplateResult {
	const hour = lastHour(pulse, minute);
	const most = Math.max(...hour.map(([n]) => n));
	const busiest = formatClock((minute - 59 + hour.findIndex(([n]) => n === most)) * 60_000, zone);
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
	return html`<svg class="pulse" part="pulse" role="img" aria-label=${name} width="120" height="20" viewBox="0 0 120 20" preserveAspectRatio="none"><path class="ground" d="M0 19.5H120"></path><path d=${bars}></path><path class="running" d=${running}></path><path class="errors" d=${bad}></path></svg>`;
}
