// Which entries a reader asks for: the same for whoever chooses for him and for himself.
// Knows types and statuses; never knows where entries come from.
import { type FeedEntry, isChange, type Status } from './event.ts';
import { matchesType } from './types.ts';

/** Types of events and statuses; all where empty or left out. */
export interface Wish {
	types?: readonly string[] | undefined;
	status?: readonly Status[] | undefined;
}

/** An event by its type, or by that of the event which it answers; a change by its event's types, since it may bring it in or out. */
export function isWanted(entry: FeedEntry, { types = [], status = [] }: Wish): boolean {
	const names = [entry.type, entry.replyType];
	const isOfType = (pattern: string) => names.some((name) => name !== undefined && matchesType(pattern, name));
	if (types.length > 0 && !types.some(isOfType)) return false;
	return status.length === 0 || isChange(entry) || (!!entry.status && status.includes(entry.status));
}
