// Event types and channel names, and the patterns that choose among either.
// Knows the alphabet and matching; never knows who filters.
import { FeedError } from './errors.ts';
import { MAX_NAME_CHARS } from './limits.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** 1 to 64 of `A-Z a-z 0-9 . _ -`, the first one alphanumeric. */
export function isName(value: unknown): value is string {
	return typeof value === 'string' && NAME.test(value);
}

/** A type (`deploy.done`), a prefix (`deploy.*`) or all (`*`). */
export function isTypePattern(value: unknown): value is string {
	if (value === '*') return true;
	return isName(typeof value === 'string' && value.endsWith('.*') ? value.slice(0, -2) : value);
}

/** Does the pattern choose the type? `deploy.*` chooses `deploy.done`, and not `deploy`. */
export function matchesType(pattern: string, type: string): boolean {
	if (pattern === '*' || pattern === type) return true;
	return pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1));
}

/**
 * A channel's name, or an error that says what it may be.
 * @throws FeedError `invalid-channel`
 */
export function parseChannel(value: unknown): string {
	if (isName(value)) return value;
	throw new FeedError(
		'invalid-channel',
		`A channel name has 1 to ${MAX_NAME_CHARS} of \`A-Z a-z 0-9 . _ -\` and begins with a letter or digit, such as \`deploys\` or \`team-7.builds\`.`,
	);
}

/** A channel's name, a beginning with a `*` at its end, or `*` for all. */
export function isChannelPattern(value: unknown): value is string {
	if (typeof value !== 'string' || value === '*') return value === '*';
	return isName(value.endsWith('*') ? value.slice(0, -1) : value);
}

/** Does a pattern (`deploys`, `team-*`, `*`) choose a channel? */
export function matchesChannel(pattern: string, channel: string): boolean {
	return pattern.endsWith('*') ? channel.startsWith(pattern.slice(0, -1)) : pattern === channel;
}
