// The last hour as sixty bars.
// Knows counts by minute; never knows the events behind them.
import { html } from 'lit';
import type { TemplateResult } from 'lit';
import type { Pulse } from '../../relay/protocol/event.ts';
import { formatClock } from '../times.ts';
import type { Zone } from '../times.ts';
import type { Words } from '../words.ts';

const BARS = 60;
const HEIGHT = 20;

/** The hour that ends with `now`: events and errors of each minute, oldest first. */
export function lastHour(pulse: Pulse, now: number): { events: number[]; errors: number[] } {
	// The relay counted when we joined; the hour has moved on since.
	const shift = Math.floor(now / 60_000) - (BARS - 1) - pulse.minute;
	const at = (counts: number[] | undefined, i: number) => counts?.[i + shift] ?? 0;
	const minutes = Array.from({ length: BARS }, (_, i) => i);
	return {
		events: minutes.map((i) => Object.values(pulse.counts).reduce((sum, counts) => sum + at(counts, i), 0)),
		errors: minutes.map((i) => at(pulse.counts.error, i)),
	};
}

/** The drawing and its name. */
export function pulseView(pulse: Pulse, now: number, zone: Zone, words: Words): TemplateResult {
	const { events, errors } = lastHour(pulse, now);
	const most = Math.max(...events);
	const sum = (counts: number[]) => counts.reduce((total, n) => total + n, 0);
	const busiest = formatClock((Math.floor(now / 60_000) - (BARS - 1) + events.indexOf(most)) * 60_000, zone);
	const name = words.pulse(sum(events), busiest, most, sum(errors));
	const paths = ['', '', ''];
	const bar = (path: number, i: number, from: number, to: number) => {
		paths[path] += `M${i * 2 + 1} ${(HEIGHT - 1 - from).toFixed(1)}V${(HEIGHT - 1 - to).toFixed(1)}`;
	};
	for (const [i, n] of events.entries()) {
		if (!n) continue;
		const tall = Math.max(2, (n / most) * (HEIGHT - 1));
		const bad = errors[i] ?? 0;
		const foot = bad && (bad === n ? tall : Math.min(Math.max(2, (bad / n) * tall), tall - 1));
		if (bad) bar(1, i, 0, foot);
		if (tall > foot + 1) bar(i === BARS - 1 ? 2 : 0, i, foot && foot + 1, tall);
	}
	return html`<svg class="pulse" part="pulse" role="img" aria-label=${name} width="120" height=${HEIGHT} viewBox="0 0 120 20" preserveAspectRatio="none"><path class="ground" d="M0 19.5H120"></path><path d=${paths[0]}></path><path class="running" d=${paths[2]}></path><path class="errors" d=${paths[1]}></path></svg>`;
}
