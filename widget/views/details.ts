// What a row tells beyond its sentence: picture, link, data, the rest of a long text.
// Knows one event; never knows its neighbours.

import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { formatSpan } from '../spans.ts';
import { formatRowTime, type Zone } from '../times.ts';
import type { Words } from '../words.ts';
import { icon } from './icons.ts';
import { LINKED, link, safeUrl } from './link.ts';
import type { Item, PanelProps } from './panel.ts';
import { removedWords } from './removed.ts';
import { mentionsOf, richText } from './rich-text.ts';
import type { RowHandlers, RowState } from './row.ts';

/** The nearest of the twelve hues to `#rrggbb`; undefined for greys and what is not written so. */
export function nearestHue(color = ''): number | undefined {
	if (!/^#[\da-f]{6}$/i.test(color)) return undefined;
	const [r = 0, g = 0, b = 0] = [1, 3, 5].map((i) => Number.parseInt(color.slice(i, i + 2), 16));
	if (Math.max(r, g, b) - Math.min(r, g, b) < 24) return undefined;
	// The angle on the circle of RGB runs some 28° behind that of oklch; ours begin at 15°, 30° apart.
	return Math.round((Math.atan2(1.732 * (g - b), 2 * r - g - b) * 57.3 + 373) / 30) % 12;
}

// Taken away, not replaced: the initials are under it.
const drop = (event: Event) => (event.target as Element).remove(); // only pictures have this listener

/** The picture of an actor, where it has a safe address. */
export function picture(image: string | undefined): unknown {
	const url = safeUrl(image);
	return url
		? html`<img src=${url.href} width="28" height="28" alt="" loading="lazy" referrerpolicy="no-referrer" @error=${drop}>`
		: nothing;
}

/** The rest of the second line: what is folded into it, link, data, the rest of a long text; and what one can do with it. */
export function details(
	event: FeedEvent,
	state: RowState,
	isLong: boolean,
	{ views }: Viewing,
	words: Words,
	on: RowHandlers,
): TemplateResult {
	const { expanded = false, unfolded = false, copied, reachable, fold, acts, bench } = state;
	const { seq, url: address, data } = event;
	const url = safeUrl(address, LINKED);
	const size = Object.keys(Object(data)).length;
	const tab = reachable ? 0 : -1;
	return html`${fold ? html`<button class="fold" aria-expanded=${fold.isOpen} tabindex=${tab} @click=${() => on.onToggleFold(fold)}><span class="chip" part="chip">${words.times(fold.events.length)}</span> <span class="more">${fold.isOpen ? words.showLess : words.showAll}</span></button>` : nothing}
		${url ? link(url, html`<span dir="ltr">${url.host || url.pathname}</span>${icon('out', 10)}`, reachable) : nothing}
		${data === undefined ? nothing : html`<button class="data" dir="ltr" aria-label=${words.data(size)} aria-expanded=${unfolded} tabindex=${tab} @click=${() => on.onToggleData(seq)}>${Array.isArray(data) ? `[${size}]` : `{${size || '…'}}`}</button>`}
		${isLong ? html`<button class="more" aria-expanded=${expanded} tabindex=${tab} @click=${() => on.onToggleText(seq)}>${expanded ? words.showLess : words.showAll}</button>` : nothing}
		${
			views && bench
				? html`<span class="marks">${views.marksView(event, state, bench, words)}</span>${acts ?? views.toolsView(event, state, bench, words)}`
				: (acts ??
					html`<span class="acts"><button class="act" aria-label=${copied ? words.copied : words.copyLink} title=${copied ? words.copied : words.copyLink} tabindex=${tab} @click=${() => on.onCopyLink(event)}>${icon(copied ? 'success' : 'link', 14)}</button></span>`)
		}`;
}

type Viewing = Zone & Pick<PanelProps, 'views' | 'now'>;

/** What a row says: its text, or by whom it was removed; undefined where it has nothing but a type. */
export function sentence(event: FeedEvent, { reachable, bench }: RowState, zone: Zone, words: Words): unknown {
	if (event.removed) return removedWords(event.removed, zone, words);
	return event.text ? richText(event.text, reachable, bench?.isMe) : undefined;
}

/** The beginning of the second line: where a piece of work stands. */
export function lead(event: FeedEvent, { since }: RowState, { views }: Viewing, words: Words): unknown {
	return views?.statusView(event, since, words);
}

/** What stands under a row: its data, what can be done with it, its thread. */
export function under(event: FeedEvent, state: RowState, zone: Viewing, words: Words): unknown {
	const { unfolded, bench, thread, doing } = state;
	const { views } = zone;
	const data = unfolded ? dataView(event) : nothing;
	if (!views || !bench) return data;
	const acts = views.statusActs(event, state, bench, words);
	const drawer = doing ? views.drawerView(event, state, bench, zone, words) : nothing;
	const replies = thread ? views.threadView(event, thread, bench, zone, words) : nothing;
	return acts === nothing && drawer === nothing && replies === nothing
		? data
		: html`${data}<div class="under">${acts}${drawer}${replies}</div>`;
}

/** The field at the foot of the panel. */
export function foot({ views, work, words }: PanelProps): unknown {
	return work?.field && views ? views.composerView(work.field, work.bench.on, words) : nothing;
}

/** Has anything been done to an event that takes more than its row to show? */
function isWorkedOn({ status, reactions, replies, edited, pinned }: FeedEvent): boolean {
	return !!(status || reactions || replies || edited || pinned);
}

/** What is said of a row once everything is here. */
export function rowState(item: Item, props: PanelProps): Partial<RowState> {
	if (item.kind === 'gap') return {};
	const { event } = item;
	const { seq, id, statusBy, replies } = event;
	const { work, now, isMe } = props;
	if (!props.views && isWorkedOn(event)) props.onWork?.();
	const thread = work?.threads.get(id);
	const ago = (time: number | undefined) => (time ? formatRowTime(time, now, props, false) : undefined);
	const fold = item.kind === 'fold' ? item : undefined;
	const [oldest = item.event] = fold?.events ?? [];
	return {
		selected: seq === props.selected,
		expanded: props.expanded?.has(seq) ?? false,
		unfolded: props.unfolded?.has(seq) ?? false,
		fresh: props.fresh?.has(seq) ?? false,
		copied: seq === props.copied,
		folded: fold !== undefined,
		fold,
		inside: item.isInside ?? false,
		kept: item === props.kept,
		key: fold?.key ?? (item.isInside && `${id} inside`),
		mention: isMe !== undefined && event.text !== undefined && mentionsOf(event.text, isMe),
		pinned: event.pinned ?? false,
		removed: event.removed !== undefined,
		acts: props.isRushing ? nothing : undefined,
		bench: work?.bench,
		doing: work?.doings.get(id),
		thread,
		mine: work?.mineOf(event) ?? '',
		since: ago(statusBy?.time),
		replied: ago(replies?.time),
		clock: thread ? Math.floor(now / 60_000) : 0,
		// From its oldest event to its newest.
		...(fold && props.density === 'comfortable'
			? { time: formatSpan(shownAt(oldest), shownAt(item.event), props.now, props) }
			: {}),
	};
}

function shownAt({ at, time }: FeedEvent): number {
	return at ?? time;
}

/** Characters that are not seen, or turn around what is beside them. */
const UNSEEN = /[\u007f-\u00a0\u00ad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
/** A string of JSON that has letters beyond those that are written from the left. */
const STRING = /("(?:[^"\\]|\\.)*")/;
const FROM_LEFT = /^[\0-\u058f]*$/;

/** The data of an event, whole: JSON in which all is seen, and no string turns around another. */
function dataView({ data }: FeedEvent): TemplateResult {
	const json = JSON.stringify(data, null, 2).replace(
		UNSEEN,
		(unseen) => `\\u${unseen.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
	// Split by a pattern with a group, every other part is a string.
	const parts = FROM_LEFT.test(json)
		? json
		: json.split(STRING).map((part) => (FROM_LEFT.test(part) ? part : html`<bdi>${part}</bdi>`));
	return html`<pre dir="ltr" tabindex="0">${parts}</pre>`;
}
