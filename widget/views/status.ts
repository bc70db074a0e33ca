// What has become of an event: its status, and the marks of what was done to it.
// Knows one event; never knows how a change is sent.
import { html, nothing, type TemplateResult } from 'lit';
import type { Actor, FeedEvent, Status } from '../../relay/protocol/event.ts';
import { rightsTo } from '../rights.ts';
import type { Words } from '../words.ts';
import { type Icon, icon } from './icons.ts';
import type { RowState } from './row.ts';
import type { Bench } from './work.ts';

export const SIGNS: Record<Status, Icon> = { open: 'ring', resolved: 'check', cancelled: 'struck', reopened: 'turn' };

/** What somebody is called; empty where nobody is named. */
export function nameOfActor(actor: Actor | undefined): string {
	return actor?.name ?? actor?.id ?? '';
}

/** Where a piece of work stands, and who has said so. */
export function statusView({ status, statusBy }: FeedEvent, ago: string | undefined, words: Words): unknown {
	if (!status) return nothing;
	return html`<span class="status ${status}" part="chip">${icon(SIGNS[status], 12)}<span>${words.statuses[status]}</span></span>${
		statusBy && ago ? html`<bdi class="since">${words.by(nameOfActor(statusBy.actor), ago)}</bdi>` : nothing
	}`;
}

/** That it is pinned, was edited, is answered, and what people say to it in one sign. */
export function marksView(event: FeedEvent, state: RowState, bench: Bench, words: Words): TemplateResult {
	const { pinned, edited, replies, removed } = event;
	const { doing, reachable, replied, thread } = state;
	const tab = reachable ? 0 : -1;
	const { on } = bench;
	return html`${pinned ? html`<span class="mark">${icon('pin', 12)}<span>${words.pinned}</span></span>` : nothing}
		${edited && !removed ? html`<button class="mark edited" aria-expanded=${doing?.open === 'texts'} tabindex=${tab} @click=${() => on.onOpen(event, 'texts')}>${words.edited}</button>` : nothing}
		${replies?.count || thread ? html`<button class="mark replies" aria-expanded=${thread !== undefined} tabindex=${tab} @click=${() => on.onToggleThread(event)}>${icon('reply', 12)}<bdi>${words.replies(replies?.count ?? 0, replied ?? '')}</bdi></button>` : nothing}
		${reactionsView(event, state, bench, words)}`;
}

/** The signs with their counts; one's own are pressed. */
export function reactionsView(
	event: FeedEvent,
	{ mine, doing, reachable }: Pick<RowState, 'mine' | 'doing' | 'reachable'>,
	{ me, on }: Bench,
	words: Words,
): unknown {
	const own = mine?.split(' ') ?? [];
	const all = Object.entries(event.reactions ?? {});
	if (all.length === 0 || event.removed) return nothing;
	const mayReact = rightsTo(event, me).react;
	return html`<span class="reactions">${all.map(([sign, people]) => {
		const isMine = own.includes(sign);
		const label = words.reaction(sign, people, isMine);
		const content = html`<span dir="auto">${sign}</span><span>${people}</span>`;
		return mayReact
			? html`<button class="reaction" part="chip" title=${label} aria-label=${label} aria-pressed=${isMine} aria-disabled=${doing?.waits === sign} tabindex=${reachable ? 0 : -1} @click=${() => on.onReact(event, sign, !isMine)}>${content}</button>`
			: html`<span class="reaction" part="chip" title=${label}>${content}</span>`;
	})}</span>`;
}
