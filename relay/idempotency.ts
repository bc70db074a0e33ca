// What makes two drafts the same draft.
// Knows their content; never knows keys that were used or receipts.
import type { ChangeDraft, Draft, Json } from './protocol/event.ts';

/** Sorts keys, so that the order in which a publisher writes them does not matter. */
function canonical(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(canonical);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value as { [key: string]: Json });
	return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, canonical(item)]));
}

/**
 * 53 bits of the draft's content without its key. Synchronous, since a commit waits for nothing; it tells a
 * publisher's slip from his retry, and protects nothing.
 */
export function digestDraft({ key: _, ...content }: Draft | ChangeDraft): string {
	let high = 0xdeadbeef;
	let low = 0x41c6ce57;
	for (const char of JSON.stringify(canonical(content))) {
		const code = char.codePointAt(0) as number; // a character has a code point
		high = Math.imul(high ^ code, 2654435761);
		low = Math.imul(low ^ code, 1597334677);
	}
	high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
	low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
	return (4294967296 * (2097151 & low) + (high >>> 0)).toString(36);
}
