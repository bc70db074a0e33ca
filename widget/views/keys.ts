// The list of keys, in a dialog: loaded when somebody asks for it.
// Knows their names; never knows what becomes of a press.
import { html, type TemplateResult } from 'lit';
import type { Words } from '../words.ts';

/** The dialog; it is there to be shown. */
export function keysView({ keysTitle, keys, close }: Words): TemplateResult {
	const rows: [string[], string][] = [
		[['j', '↓'], keys.next],
		[['k', '↑'], keys.previous],
		[['Enter'], keys.open],
		[['Home'], keys.first],
		[['End'], keys.last],
		[['r'], keys.reply],
		[['e'], keys.react],
		[['Escape'], keys.leave],
		[['p'], keys.pause],
		[['?'], keys.help],
	];
	return html`<dialog class="keys" aria-labelledby="keys" @click=${closeOutside}><form method="dialog">
		<h3 class="title" id="keys">${keysTitle}</h3>
		<dl>${rows.map(([names, what]) => html`<div><dt>${names.map((name) => html`<kbd>${name}</kbd> `)}</dt><dd>${what}</dd></div>`)}</dl>
		<button class="button">${close}</button>
	</form></dialog>`;
}

/** A press beside the dialog is one on the dialog itself. */
function closeOutside({ target }: Event): void {
	if (target instanceof HTMLDialogElement) target.close();
}
