// The replies to an event, opened under its row.
// Knows one thread as it is drawn; never knows how many replies are here without being drawn.
import { html, nothing, type TemplateResult } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { formatExact, formatRowTime, type Zone } from '../times.ts';
import type { Words } from '../words.ts';
import { drawerView, toolsView } from './acts.ts';
import { hashHue, initials, nameOf } from './avatar.ts';
import { composerView } from './composer.ts';
import { nearestHue } from './details.ts';
import { icon } from './icons.ts';
import { drawLines, type Line } from './lines.ts';
import { sentLine } from './outbox.ts';
import { removedWords } from './removed.ts';
import { richText } from './rich-text.ts';
import { reactionsView, SIGNS } from './status.ts';
import type { Bench, ThreadView } from './work.ts';

/** The whole thread; `now` as far as relative times need it. */
export function threadView(
	event: FeedEvent,
	thread: ThreadView,
	bench: Bench,
	zone: Zone & { now: number },
	words: Words,
): TemplateResult {
	const { on } = bench;
	const { replies, older, newer, isLoading, sent, field, became } = thread;
	const lines: Line[] = replies.map((reply) => replyLine(event, reply, thread, bench, zone, words));
	for (const { status, name, time } of became) {
		// Between the replies of before and after it.
		const at = replies.filter((reply) => reply.time <= time).length + became.filter((one) => one.time < time).length;
		const ago = formatRowTime(time, zone.now, zone, false);
		lines.splice(at, 0, {
			key: `became ${status} ${time}`,
			deps: [ago, words],
			draw: () => html`<li class="became">${icon(SIGNS[status], 12)}<bdi>${words.became(status, name, ago)}</bdi></li>`,
		});
	}
	const more = (count: number, label: string, press: () => void) =>
		count > 0
			? html`<button class="button small" aria-disabled=${isLoading} @click=${press}>${isLoading ? words.loading : label}</button>`
			: nothing;
	return html`<div class="thread" part="thread" role="group" aria-label=${words.thread}>
		${more(older, words.showEarlier(older), () => on.onOlder(event))}
		<ol role="list">${drawLines([...lines, ...sent.map((one) => sentLine(one, on, words))])}</ol>
		${more(newer, words.showNewer(newer), () => on.onNewer(event))}
		${field.isAllowed ? composerView(field, on, words, 'answer') : nothing}
	</div>`;
}

function replyLine(
	event: FeedEvent,
	reply: FeedEvent,
	thread: ThreadView,
	bench: Bench,
	zone: Zone & { now: number },
	words: Words,
): Line {
	const shown = reply.at ?? reply.time;
	const time = formatRowTime(shown, zone.now, zone, false);
	const doing = thread.doings.get(reply.id);
	const mine = thread.mineOf(reply);
	// A reply to a reply says whom it answers.
	const answered = reply.replyTo !== event.id && reply.replyTo ? (thread.nameOf(reply.replyTo) ?? '') : '';
	return {
		key: reply.id,
		deps: [reply, time, doing, mine, answered, bench, words, zone.timeZone, zone.hourCycle],
		draw: () => {
			const name = nameOf(reply);
			const hue = nearestHue(reply.actor?.color) ?? hashHue(reply.actor?.id ?? name);
			const state = { reachable: true, doing, mine };
			return html`<li class="reply ${reply.removed ? 'reply-removed' : ''}" data-reply=${reply.seq}>
				<span class="avatar ${name && `hue h${hue}`} ${reply.actor?.kind ?? (reply.actor ? 'person' : '')}" aria-hidden="true">${initials(name || reply.type)}</span>
				<p class="text" dir="auto">${name && html`<bdi class="name">${name}</bdi> ${reply.actor?.verified ? '' : html`<bdi class="quiet">${words.unverified}</bdi> `}`}${
					answered ? html`<span class="quiet">${words.answers} <bdi>${answered}</bdi></span> ` : ''
				}${reply.removed ? removedWords(reply.removed, zone, words) : reply.text ? richText(reply.text, true, bench.isMe) : html`<span dir="ltr">${reply.type}</span>`}${
					reply.edited && !reply.removed
						? html` <button class="mark edited" aria-expanded=${doing?.open === 'texts'} @click=${() => bench.on.onOpen(reply, 'texts')}>${words.edited}</button>`
						: ''
				}</p>
				<time class="time" datetime=${new Date(shown).toISOString()} title=${formatExact(shown, zone)}>${time}</time>
				<div class="meta">${reactionsView(reply, state, bench, words)}${reply.removed ? nothing : toolsView(reply, state, bench, words, true)}</div>
				${drawerView(reply, state, bench, zone, words)}
			</li>`;
		},
	};
}
