// Every string that the panel shows, in English; a page may hand in its own.
// Knows sentences and plurals; never knows when they are shown, or markup beyond `code`.
import type { Level } from '../relay/protocol/event.ts';

/** The strings of the panel. Where a text may hold `` `code` `` its name ends in `Text`. */
export interface Words {
	live: string;
	connecting: string;
	catchingUp: (toGo: number) => string;
	/** @param time the clock time when it was last live; undefined where it never was. */
	offline: (time: string | undefined) => string;
	paused: (waiting: number) => string;
	notAllowed: string;
	/** In the header, where the page's author has to mend something. */
	notSetUp: string;
	pause: string;
	resume: string;
	retry: string;
	today: string;
	yesterday: string;
	levels: Record<Level, string>;
	unverified: string;
	/** Name of the button that unfolds the data of an event. */
	data: (fields: number) => string;
	showAll: string;
	showLess: string;
	gap: (from: number, to: number) => string;
	loadOlder: string;
	loading: string;
	beginning: string;
	trimmed: string;
	/** @param busiest clock time of the minute with the most events. */
	pulse: (events: number, busiest: string, most: number, errors: number) => string;
	emptyTitle: string;
	emptyText: (channel: string) => string;
	/** Before a command that publishes the first event. */
	tryText: string;
	unreachableText: (relay: string) => string;
	nextAttempt: (time: string) => string;
	refusedTitle: string;
	/** Error code → title and, where the relay's own message is not better, text. */
	problems: Readonly<Record<string, readonly [title: string, text?: string]>>;
}

const format = new Intl.NumberFormat('en');
const count = (n: number, one: string): string => `${format.format(n)} ${one}${n === 1 ? '' : 's'}`;

/** The panel's words in English. */
export const english: Words = {
	live: 'Live',
	connecting: 'Connecting…',
	catchingUp: (toGo) => `Catching up, ${format.format(toGo)} to go`,
	offline: (time) => (time ? `Offline · as of ${time}` : 'Offline'),
	paused: (waiting) => (waiting ? `Paused · ${format.format(waiting)} waiting` : 'Paused'),
	notAllowed: 'Not allowed',
	notSetUp: 'Not set up',
	pause: 'Pause',
	resume: 'Resume',
	retry: 'Retry',
	today: 'Today',
	yesterday: 'Yesterday',
	levels: { debug: 'Debug', info: 'Info', success: 'Success', warning: 'Warning', error: 'Error' },
	unverified: 'unverified',
	data: (fields) => `Data, ${count(fields, 'field')}`,
	showAll: 'Show all',
	showLess: 'Show less',
	gap: (from, to) =>
		from === to
			? `Event ${format.format(from)} is no longer kept.`
			: `Events ${format.format(from)} to ${format.format(to)} are no longer kept.`,
	loadOlder: 'Load older',
	loading: 'Loading…',
	beginning: 'This is where the channel begins.',
	trimmed: 'Older events are no longer kept.',
	pulse: (events, busiest, most, errors) =>
		`${count(events, 'event')} in the last hour` +
		(events ? `, busiest ${busiest} with ${format.format(most)}` : '') +
		(errors ? `, ${count(errors, 'error')}` : ''),
	emptyTitle: 'Nothing here yet',
	emptyText: (channel) =>
		`Events published to \`${channel}\` appear here the moment they happen.`,
	tryText: 'Try it:',
	unreachableText: (relay) => `Nothing answers at \`${relay}\`.`,
	nextAttempt: (time) => `Next attempt at ${time}.`,
	refusedTitle: 'The relay refused',
	problems: {
		'relay-unreachable': ['Cannot reach the relay'],
		'mixed-content': [
			'Cannot reach the relay',
			'A page loaded over https cannot use a relay over http. Give the relay an https address.',
		],
		'no-channel': ['No channel is given', 'Say which one: `<live-feed channel="deploys">`'],
		'invalid-channel': [
			'This is no channel name',
			'`channel` takes 1 to 64 of `A-Z a-z 0-9 . _ -`, a letter or digit first: `channel="deploys"`',
		],
		'no-relay': ['No relay is given', 'Say where it is: `<live-feed relay="https://…">`'],
		unauthorized: ['This feed is private'],
		forbidden: ['This feed is private'],
	},
};
