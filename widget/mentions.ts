// Whom a sentence names with @. Pure.
// Knows names and the stretches of a text; never knows who reads it, or what is read.
import type { FeedEvent } from '../relay/protocol/event.ts';
import { mentionsOf } from './views/rich-text.ts';

/**
 * Does an event name one of these people? By an id or a whole name, by its first word, or by a name without its spaces:
 * Ada Lovelace is meant by `@ada`, `@Ada Lovelace`, `@AdaLovelace` and `@ada-lovelace`. What stands in `code` names nobody.
 */
export function mentions({ text = '' }: Pick<FeedEvent, 'text'>, names: readonly string[]): boolean {
	return names.length > 0 && mentionsOf(text, meets(names));
}

/** What tells whether `@ada` is one of these people. */
export function meets(names: readonly string[]): (name: string) => boolean {
	const wanted = new Set(names.flatMap(forms));
	return (name) => wanted.has(fold(name.slice(1)));
}

/** As which a name is written behind an @, where spaces end it: its first word includes the whole name. */
function forms(name: string): string[] {
	const words = fold(name).split(/\s+/).filter(Boolean);
	return words.length > 1 ? [words[0] as string, ...['', '-', '_', '.'].map((by) => words.join(by))] : words;
}

function fold(name: string): string {
	return name.normalize('NFC').toLowerCase();
}
