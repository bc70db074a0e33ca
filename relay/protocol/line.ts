// An event or a change as one line for people.
// Knows words, their order and what a terminal would obey; never knows colours, streams or where it is printed.
import { type Change, type FeedEntry, isChange, type Level } from './event.ts';

/** What a line says. Nothing of it moves a cursor, ends the line or turns around what stands behind it. */
export interface LineParts {
	/** When it happened, else when it was stored, milliseconds since 1970. */
	time: number;
	level: Level | 'change';
	type: string;
	/** Empty where nobody is named. */
	who: string;
	text: string;
}

/** The widest level, `success` and `warning`, characters. */
export const LEVEL_CHARS = 7;

export function readLine(event: FeedEntry): LineParts {
	const change = isChange(event);
	return {
		time: (change ? undefined : event.at) ?? event.time,
		level: change ? 'change' : (event.level ?? 'info'),
		type: flatten(event.type),
		who: flatten(event.actor?.name ?? event.actor?.id ?? ''),
		text: flatten(change ? describe(event) : event.removed ? '(removed)' : (event.text ?? '')),
	};
}

/** `2026-11-20T14:02:03Z error   deploy.failed Ada: health check timed out` and a line end. */
export function formatLine(event: FeedEntry): string {
	const { time, level, type, who, text } = readLine(event);
	const words = [formatTime(time), level.padEnd(LEVEL_CHARS), type, who && text ? `${who}: ${text}` : who || text];
	return `${words.join(' ').trimEnd()}\n`;
}

/** `2026-11-20T14:02:03Z` */
export function formatTime(time: number): string {
	return new Date(time).toISOString().replace(/\.\d+Z/, 'Z');
}

// A terminal obeys control characters (CWE-150); a line stays one line; and no name turns around what stands behind it.
function flatten(text: string): string {
	return text.replace(/[\u202a-\u202e\u2066-\u2069]/g, '').replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** `resolved k3f9a2:17` */
function describe({ change, target, status, reaction, on, state }: Change): string {
	if (change === 'edit') return `edited ${target}: ${state?.text ?? ''}`;
	if (change === 'reaction') return `${on ? reaction : `took back ${reaction}`} ${target}`;
	if (change === 'pin') return `${on ? 'pinned' : 'unpinned'} ${target}`;
	return `${change === 'removal' ? 'removed' : status} ${target}`;
}
