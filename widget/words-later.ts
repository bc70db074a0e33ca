// The strings of what is loaded later, in English; the type of them all is in words.ts.
// Knows sentences and plurals; never knows when they are shown.
import { format } from './words.ts';

const count = (n: number, one: string): string => `${format(n)} ${one}${n === 1 ? '' : 's'}`;

/** In English, those that the first row does without. */
export const laterEnglish = {
	data: (fields: number) => `Data, ${count(fields, 'field')}`,
	showAll: 'Show all',
	showLess: 'Show less',
	gap: (from: number, to: number) =>
		from === to
			? `Event ${format(from)} is no longer kept.`
			: `Events ${format(from)} to ${format(to)} are no longer kept.`,
	reset: 'The relay lost its events and began anew. What came before is gone.',
	loadOlder: 'Load older',
	loading: 'Loading…',
	beginning: 'This is where the channel begins.',
	trimmed: 'Older events are no longer kept.',
	pulse: (events: number, busiest: string, most: number, errors: number) =>
		`${count(events, 'event')} in the last hour` +
		(events ? `, busiest ${busiest} with ${format(most)}` : '') +
		(errors ? `, ${count(errors, 'error')}` : ''),
	sending: 'Sending…',
	waitingToBeSent: 'Waiting to be sent',
	notSent: 'Not sent',
	discard: 'Discard',
	moreWaiting: (drafts: number) => `and ${format(drafts)} more`,
	unreachable: 'Cannot reach the relay',
	noAnswer: (relay: string, next: string | undefined) =>
		`\`${relay}\` does not answer.${next ? ` Next attempt at ${next}.` : ''}`,
	refused: 'The relay refused',
};
