// The field one writes into, at the foot of the panel and of a thread.
// Knows what is written and what is wrong with it; never knows where it goes.
import { html, nothing, type TemplateResult } from 'lit';
import { MAX_ACTOR_NAME_CHARS } from '../../relay/protocol/limits.ts';
import type { Words } from '../words.ts';
import { refusalWords } from './acts.ts';
import { hashHue, initials } from './avatar.ts';
import { icon } from './icons.ts';
import type { Field, WorkHandlers } from './work.ts';

/** The lines of a field, at the least and at the most. */
const MOST_ROWS = 6;

/** As many lines as its text takes, where it is now. */
export function rowsOf(area: HTMLTextAreaElement): number {
	const before = area.rows;
	area.rows = 1;
	const { paddingBlockStart, paddingBlockEnd, lineHeight } = getComputedStyle(area);
	const height = area.scrollHeight - Number.parseFloat(paddingBlockStart) - Number.parseFloat(paddingBlockEnd);
	area.rows = before;
	return Math.min(Math.max(Math.round(height / Number.parseFloat(lineHeight)) || 1, 1), MOST_ROWS);
}

/** A name, a text and Send, in one row. */
export function composerView(field: Field, on: WorkHandlers, words: Words, kind = ''): TemplateResult {
	const { key, text, name = '', asksName, isAllowed, hint, rows } = field;
	if (!isAllowed) return html`<p class="composer quiet ${kind}" part="composer">${words.mayNotWrite}</p>`;
	const isBlank = text.trim() === '';
	const isOff = isBlank || hint?.kind === 'over';
	const send = (event: Event) => {
		event.preventDefault();
		on.onSend(key);
	};
	const press = (down: KeyboardEvent) => {
		// What is chosen from an input method's list is chosen with Enter too. (keyCode 229: UI Events, Safari says so)
		if (down.key !== 'Enter' || down.shiftKey || down.isComposing || down.keyCode === 229) return;
		send(down);
	};
	const said = hintWords(hint, words);
	const id = `hint ${key}`.replaceAll(' ', '-');
	const label = key ? words.writeReply : words.write;
	return html`<form class="composer ${kind}" part="composer" novalidate @submit=${send}>
		${
			asksName
				? html`<input class="field name-field" name="name" autocomplete="nickname" dir="auto" aria-label=${words.yourName} placeholder=${words.yourName} aria-invalid=${['blank', 'long', 'unseen'].includes(hint?.kind ?? '')} aria-describedby=${id} .value=${name} @input=${({ target }: Event) => on.onName(key, (target as HTMLInputElement).value)}>`
				: name
					? html`<button class="avatar hue h${hashHue(name)} person" type="button" aria-label=${words.changeName(name)} title=${words.changeName(name)} @click=${() => on.onAskName(key)} data-initials=${initials(name)}></button>`
					: nothing
		}
		<textarea class="field" rows=${rows} dir="auto" aria-label=${label} placeholder=${label} aria-describedby=${id} .value=${text} @input=${({ target }: Event) => on.onType(key, target as HTMLTextAreaElement)} @keydown=${press}></textarea>
		<button class="button send ${isBlank ? '' : 'strong'}" aria-disabled=${isOff}>${icon('send', 14)}<span>${words.send}</span></button>
		<p class="hint ${['left', 'taken', 'free'].includes(hint?.kind ?? 'free') ? '' : 'wrong'}" id=${id} role="status">${said ? html`<bdi>${said}</bdi>` : nothing}</p>
	</form>`;
}

function hintWords(hint: Field['hint'], words: Words): string {
	switch (hint?.kind) {
		case undefined:
			return '';
		case 'blank':
			return words.nameBlank;
		case 'long':
			return words.nameLong(MAX_ACTOR_NAME_CHARS);
		case 'unseen':
			return words.nameUnseen;
		case 'free':
			return words.nameHint;
		case 'taken':
			return words.nameTaken(hint.name);
		case 'left':
			return words.left(hint.bytes);
		case 'over':
			return words.tooLong(hint.bytes);
		case 'refused':
			return refusalWords(hint, words);
	}
}
