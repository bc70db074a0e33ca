// What stands in the place of an event that was removed.
// Knows by whom and when; never knows what it said.
import { html, type TemplateResult } from 'lit';
import type { By } from '../../relay/protocol/event.ts';
import { formatClock, type Zone } from '../times.ts';
import type { Words } from '../words.ts';

export function removedWords({ actor, time }: By, zone: Zone, words: Words): TemplateResult {
	return html`<bdi class="removed">${words.removed(actor?.name ?? actor?.id ?? '', formatClock(time, zone))}</bdi>`;
}
