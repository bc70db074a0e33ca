// Every string that the panel shows, in English; a page may hand in its own.
// Knows sentences and plurals; never knows when they are shown, or markup beyond `code`.
import type { Level } from '../relay/protocol/event.ts';
import type { laterEnglish } from './words-later.ts';

/** The strings of the panel. Counts arrive as numbers, times as they are to be read. */
export interface Words {
	live: string;
	connecting: string;
	catchingUp: (toGo: number) => string;
	/** @param time the clock time when it was last live; undefined where it never was. */
	offline: (time: string | undefined) => string;
	paused: (waiting: number) => string;
	notAllowed: string;
	/** Where the page's author has to mend something. */
	notSetUp: string;
	pause: string;
	resume: string;
	retry: string;
	now: string;
	minutes: (n: number) => string;
	hours: (n: number) => string;
	today: string;
	yesterday: string;
	/** Only what is worth a word: `success`, `warning`, `error`. */
	levels: Partial<Record<Level, string>>;
	unverified: string;
	/** Name of the button that unfolds the data of an event. */
	data: (fields: number) => string;
	showAll: string;
	showLess: string;
	gap: (from: number, to: number) => string;
	/** Where a whole log was lost. */
	reset: string;
	loadOlder: string;
	loading: string;
	beginning: string;
	trimmed: string;
	/** @param busiest clock time of the minute with the most events. */
	pulse: (events: number, busiest: string, most: number, errors: number) => string;
	/** Title of the empty panel, and its text. */
	nothing: string;
	nothingYet: (channel: string) => string;
	/** An event of one's own on its way, before that, and where it was refused; with what may be done then. */
	sending: string;
	waitingToBeSent: string;
	notSent: string;
	discard: string;
	moreWaiting: (drafts: number) => string;
	/** Title, and text, which may hold `code`, where the relay does not answer. */
	unreachable: string;
	noAnswer: (relay: string, nextAttempt: string | undefined) => string;
	/** Title over the relay's own words. */
	refused: string;
}

/** A number with its separators. */
export const format = new Intl.NumberFormat('en').format;
/** In English, those that the first row may need. */
export const english: Omit<Words, keyof typeof laterEnglish> = {
	live: 'Live',
	connecting: 'Connecting…',
	catchingUp: (toGo) => `Catching up, ${format(toGo)} to go`,
	offline: (time) => (time ? `Offline · as of ${time}` : 'Offline'),
	paused: (waiting) => (waiting ? `Paused · ${format(waiting)} waiting` : 'Paused'),
	notAllowed: 'Not allowed',
	notSetUp: 'Not set up',
	pause: 'Pause',
	resume: 'Resume',
	retry: 'Retry',
	now: 'now',
	minutes: (n) => `${n} min`,
	hours: (n) => `${n} h`,
	today: 'Today',
	yesterday: 'Yesterday',
	levels: { success: 'Success', warning: 'Warning', error: 'Error' },
	unverified: 'unverified',
	nothing: 'Nothing here yet',
	nothingYet: (channel) => `Events published to ${channel} appear here the moment they happen.`,
};
