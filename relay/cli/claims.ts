// What a token says, and what each of its claims may be.
// Knows names, forms and limits; never knows signatures or the time.
import { CAPABILITIES } from '../protocol/capabilities.ts';
import { MAX_ACTOR_ID_CHARS, MAX_ACTOR_NAME_CHARS } from '../protocol/limits.ts';
import { isChannelPattern } from '../protocol/types.ts';

/** Why it is no subject; undefined where it is one. */
export function checkSubject(value: unknown): string | undefined {
	if (typeof value === 'string' && value.length >= 1 && value.length <= MAX_ACTOR_ID_CHARS) {
		if (!value.isWellFormed())
			return 'A subject is Unicode; this one has half of a surrogate pair, as a cut emoji leaves it.';
		return checkControl(value);
	}
	return `A subject has 1 to ${MAX_ACTOR_ID_CHARS} characters${count(value)}.`;
}

/** Why it is no name for people. */
export function checkName(value: unknown): string | undefined {
	if (typeof value === 'string' && value.length <= MAX_ACTOR_NAME_CHARS) return checkControl(value);
	return `A name has ${MAX_ACTOR_NAME_CHARS} characters at most${count(value)}.`;
}

function checkControl(text: string): string | undefined {
	return /\p{Cc}/u.test(text) ? 'A subject or a name has no control characters, such as line breaks.' : undefined;
}

/** Why these are no channels: names, prefixes with a `*` at the end, or `*` for all. */
export function checkChannels(value: unknown): string | undefined {
	if (!isList(value)) return 'Channels are a list of names, such as deploys or team-*.';
	const wrong = value.find((pattern) => !isChannelPattern(pattern));
	if (wrong === undefined) return undefined;
	const what = 'a name (deploys), the beginning of names (team-*), or * for all';
	return `${JSON.stringify(wrong)} is no channel: it is ${what}. A name has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit.`;
}

/** What is odd about capabilities, though a relay passes over it. */
export function checkCapabilities(value: unknown): string | undefined {
	if (!isList(value)) return `Capabilities are a list of ${CAPABILITIES.join(', ')}.`;
	const known: readonly unknown[] = CAPABILITIES;
	const wrong = value.find((capability) => !known.includes(capability));
	if (wrong === undefined) return undefined;
	return `${JSON.stringify(wrong)} is no capability. There are ${CAPABILITIES.join(', ')}.`;
}

function isList(value: unknown): value is unknown[] {
	return Array.isArray(value) && value.length > 0;
}

function count(value: unknown): string {
	if (typeof value !== 'string') return value === undefined ? '; there is none' : '; this is none';
	return `; this one has ${value.length}`;
}
