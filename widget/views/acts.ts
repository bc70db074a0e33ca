// What one can do with an event: buttons on its second line, and what they unfold under it.
// Knows which buttons there are and what they ask for; never knows what becomes of it.
import { html, nothing, type TemplateResult } from 'lit';
import type { FeedEvent, Status } from '../../relay/protocol/event.ts';
import { rightsTo } from '../rights.ts';
import { formatClock, type Zone } from '../times.ts';
import type { Words } from '../words.ts';
import { icon } from './icons.ts';
import { richText } from './rich-text.ts';
import type { RowState } from './row.ts';
import { nameOfActor, SIGNS } from './status.ts';
import type { Bench, Doing } from './work.ts';

/** Offered before any other sign. */
const OFFERED = ['👍', '❤️', '😄', '🎉', '👀', '🙏', '✅', '😢'];
const MAX_SIGN_BYTES = 32;
/** Turning characters as well, which would turn the count beside it. */
const NO_SIGN = /[\p{Cc}\p{Z}\u202a-\u202e\u2066-\u2069]/u;

/** May this be a reaction? As the relay has it. */
export function isSign(sign: string): boolean {
	return sign !== '' && !NO_SIGN.test(sign) && new TextEncoder().encode(sign).length <= MAX_SIGN_BYTES;
}

type Acting = Pick<RowState, 'reachable' | 'copied' | 'doing'>;

/** The buttons at the end of the second line. */
export function toolsView(
	event: FeedEvent,
	{ reachable, copied, doing }: Acting,
	{ on, me }: Bench,
	words: Words,
	isReply = false,
): TemplateResult {
	const rights = rightsTo(event, me);
	const tab = reachable ? 0 : -1;
	const hasMore = rights.edit || rights.remove || rights.pin;
	const button = (sign: Parameters<typeof icon>[0], label: string, press: () => void, open?: boolean, kind = '') =>
		html`<button class="act ${kind}" aria-label=${label} title=${label} aria-expanded=${open ?? nothing} tabindex=${tab} @click=${press}>${icon(sign, 14)}</button>`;
	return html`<span class="acts">${
		isReply
			? nothing
			: button(copied ? 'success' : 'link', copied ? words.copied : words.copyLink, () => on.onCopyLink(event))
	}${rights.reply ? button('reply', words.reply, () => on.onReply(event), undefined, 'onto') : nothing}${
		rights.react
			? button('face', words.react, () => on.onOpen(event, 'react'), doing?.open === 'react', 'onto')
			: nothing
	}${
		hasMore || rights.reply || rights.react
			? button(
					'more',
					words.more,
					() => on.onOpen(event, 'menu'),
					doing?.open === 'menu',
					hasMore ? 'menu' : 'menu few',
				)
			: nothing
	}</span>`;
}

/** Resolve, Cancel, Reopen: for those who may. */
export function statusActs(event: FeedEvent, { reachable, doing }: Acting, { on, me }: Bench, words: Words): unknown {
	const { statuses } = rightsTo(event, me);
	if (statuses.length === 0) return nothing;
	return html`<div class="entry-acts">${statuses.map(
		(status: Status) =>
			html`<button class="button small" aria-disabled=${doing?.waits === status} tabindex=${reachable ? 0 : -1} @click=${() => on.onStatus(event, status)}>${icon(SIGNS[status], 12)}<span>${words.become[status]}</span></button>`,
	)}</div>`;
}

/** What is unfolded under an event, and why something was not done. */
export function drawerView(event: FeedEvent, state: Acting, bench: Bench, zone: Zone, words: Words): TemplateResult {
	const { doing } = state;
	const { refusal } = doing ?? {};
	const drawers = { menu: menuView, react: pickerView, edit: editView, remove: removeView, texts: textsView };
	return html`${doing?.open ? drawers[doing.open](event, doing, bench, words, zone) : nothing}${
		refusal ? html`<p class="refusal">${icon('error', 12)}<bdi>${refusalWords(refusal, words)}</bdi></p>` : nothing
	}`;
}

/** Why something was not done, in the reader's words where there are some. */
export function refusalWords({ code, message }: { code: string; message: string }, words: Words): string {
	return (words.refusals as Partial<Record<string, string>>)[code] ?? words.notDone(message);
}

type Drawer = (event: FeedEvent, doing: Doing, bench: Bench, words: Words, zone: Zone) => TemplateResult;

const menuView: Drawer = (event, { waits }, { on, me }, words) => {
	const { edit, remove, pin, reply, react } = rightsTo(event, me);
	const item = (label: string, press: () => void, kind = '', isWaiting = false) =>
		html`<button class="button small ${kind}" aria-disabled=${isWaiting} @click=${press}>${label}</button>`;
	return html`<div class="drawer" role="group" aria-label=${words.more}>
		${item(words.copyLink, () => on.onCopyLink(event), 'narrow')}
		${reply ? item(words.reply, () => on.onReply(event), 'narrow') : nothing}
		${react ? item(words.react, () => on.onOpen(event, 'react'), 'narrow') : nothing}
		${edit ? item(words.edit, () => on.onOpen(event, 'edit')) : nothing}
		${pin ? item(event.pinned ? words.unpin : words.pin, () => on.onPin(event, !event.pinned), '', waits === 'pin') : nothing}
		${remove ? item(words.remove, () => on.onOpen(event, 'remove'), 'danger') : nothing}
	</div>`;
};

const removeView: Drawer = (event, { waits }, { on }, words) =>
	html`<div class="drawer" role="group" aria-label=${words.removeAsk}>
		<span class="ask">${words.removeAsk}</span>
		<button class="button small danger" aria-disabled=${waits === 'remove'} @click=${() => on.onRemove(event)}>${words.remove}</button>
		<button class="button small" @click=${() => on.onClose(event)}>${words.keep}</button>
	</div>`;

const pickerView: Drawer = (event, { waits }, { on }, words) => {
	const add = (submit: SubmitEvent) => {
		submit.preventDefault();
		const field = (submit.currentTarget as HTMLFormElement).elements.namedItem('sign') as HTMLInputElement; // just below
		const sign = field.value.trim();
		field.setCustomValidity(isSign(sign) ? '' : words.badSign);
		if (field.reportValidity()) on.onReact(event, sign, true);
	};
	const forget = ({ currentTarget }: Event) => (currentTarget as HTMLInputElement).setCustomValidity('');
	return html`<div class="drawer picker" role="group" aria-label=${words.react}>
		${OFFERED.map((sign) => html`<button class="sign-button" aria-disabled=${waits === sign} @click=${() => on.onReact(event, sign, true)}>${sign}</button>`)}
		<form @submit=${add}><input class="field" name="sign" size="4" autocomplete="off" aria-label=${words.otherSign} placeholder="…" @input=${forget}><button class="button small">${words.add}</button></form>
	</div>`;
};

const editView: Drawer = (event, { waits }, { on }, words) => {
	const save = (submit: Event) => {
		submit.preventDefault();
		const area = (submit.currentTarget as Element).querySelector('textarea') as HTMLTextAreaElement; // just below
		if (area.value.trim()) on.onEdit(event, area.value);
	};
	const press = (down: KeyboardEvent) => {
		if (down.key !== 'Enter' || down.shiftKey || down.isComposing) return;
		down.preventDefault();
		(down.currentTarget as HTMLTextAreaElement).form?.requestSubmit();
	};
	const lines = Math.min(6, (event.text ?? '').split('\n').length + 1);
	return html`<form class="drawer editor" @submit=${save}>
		<textarea class="field" rows=${lines} dir="auto" aria-label=${words.edit} .value=${event.text ?? ''} @keydown=${press}></textarea>
		<button class="button small strong" aria-disabled=${waits === 'edit'}>${words.save}</button>
		<button class="button small" type="button" @click=${() => on.onClose(event)}>${words.leave}</button>
	</form>`;
};

const textsView: Drawer = (_event, { texts }, _bench, words, zone) =>
	html`<div class="drawer texts" role="group" aria-label=${words.earlierTexts}>${
		texts
			? texts.length === 0
				? html`<span class="quiet">${words.noEarlierTexts}</span>`
				: texts.map(
						({ text, time, actor }) =>
							html`<div class="earlier"><bdi class="quiet">${words.by(nameOfActor(actor), formatClock(time, zone))}</bdi><p class="text" dir="auto">${richText(text)}</p></div>`,
					)
			: html`<span class="quiet">${words.loading}</span>`
	}</div>`;
