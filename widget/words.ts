// Every string that the panel shows, and those of the first row in English; words-later.ts has the rest, words/ other languages.
// Knows sentences and plurals; never knows when they are shown, or markup beyond `code`. Dates and relative times are Intl's.
import type { Level, Status } from '../relay/protocol/event.ts';
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
	noAnswer: (relay: string) => string;
	/** @param time clock time */
	nextAttempt: (time: string) => string;
	/** Title over the relay's own words. */
	refused: string;
	/** The pill that leads to what came meanwhile: exact up to 999. */
	newEvents: (events: number, errors: number) => string;
	/** The line above what came since the reader was last there. @param time its clock time, where that is known. */
	newSince: (time: string | undefined) => string;
	/** What came, for a screen reader. */
	announce: (events: number, errors: number) => string;
	/** How many alike events are folded into a row. */
	times: (events: number) => string;
	copyLink: string;
	/** In its place for a moment, once that is done. */
	copied: string;
	/** Title of the list of keys, what each of them does, and the button that closes it. */
	keysTitle: string;
	keys: Record<
		'next' | 'previous' | 'open' | 'first' | 'last' | 'reply' | 'react' | 'leave' | 'pause' | 'help',
		string
	>;
	close: string;
	/** The title of a button that has a key too. */
	withKey: (label: string, key: string) => string;
	/** How many are here. */
	here: (people: number) => string;
	/** Those who are not named, beside so many who are. */
	others: (people: number, named: number) => string;
	/** Who came and who went. @param people a list of names, and of `others`. */
	cameIn: (people: string) => string;
	wentOut: (people: string) => string;
	/** A minute of the pulse. @param time its clock time. */
	pulseMinute: (time: string, events: number, errors: number) => string;
	/** Where a piece of work stands, and what is pressed so that it stands there. */
	statuses: Record<Status, string>;
	become: Record<Status, string>;
	/** Who has done so and when. @param name empty where nobody is named; @param ago a time as a row has it. */
	by: (name: string, ago: string) => string;
	/** A status change as a line of its own, in a thread. */
	became: (status: Status, name: string, ago: string) => string;
	pinned: string;
	/** A mark that unfolds the earlier texts, their title, and the words where there are none left. */
	edited: string;
	earlierTexts: string;
	noEarlierTexts: string;
	/** @param time a clock time. */
	removed: (name: string, time: string) => string;
	/** What one can do with an event. */
	reply: string;
	react: string;
	more: string;
	edit: string;
	remove: string;
	pin: string;
	unpin: string;
	/** The button that opens a thread. @param ago when the newest came, as a row has it. */
	replies: (count: number, ago: string) => string;
	/** The name of an opened thread. */
	thread: string;
	showEarlier: (replies: number) => string;
	showNewer: (replies: number) => string;
	/** Before the name of somebody who is answered within a thread. */
	answers: string;
	/** A reaction as it is heard. @param mine whether the reader is one of them. */
	reaction: (sign: string, people: number, mine: boolean) => string;
	/** The field for a sign that is not among those offered, and the button that takes it. */
	otherSign: string;
	add: string;
	badSign: string;
	removeAsk: string;
	keep: string;
	save: string;
	leave: string;
	/** Why something was not done, by the relay's code. */
	refusals: Record<
		'forbidden' | 'wrong-status' | 'changed-meanwhile' | 'removed-event' | 'unknown-event' | 'too-many-reactions',
		string
	>;
	/** Any other reason, in the relay's own words. */
	notDone: (message: string) => string;
	/** The field at the foot, that of a thread, their button, and the words where there is none. */
	write: string;
	writeReply: string;
	send: string;
	mayNotWrite: string;
	/** The field for a name, and what the reader is called from then on. */
	yourName: string;
	changeName: (name: string) => string;
	nameBlank: string;
	nameLong: (most: number) => string;
	nameUnseen: string;
	nameTaken: (name: string) => string;
	nameHint: string;
	/** What is left of the room for a text, or is too much; in bytes. */
	left: (bytes: number) => string;
	tooLong: (bytes: number) => string;
}

/** In English, those that the first row may need. */
export const english: Omit<Words, keyof typeof laterEnglish> = {
	live: 'Live',
	connecting: 'Connecting…',
	offline: (time) => (time ? `Offline · as of ${time}` : 'Offline'),
	pause: 'Pause',
	retry: 'Retry',
	levels: { success: 'Success', warning: 'Warning', error: 'Error' },
	unverified: 'unverified',
	nothing: 'Nothing here yet',
	nothingYet: (channel) => `Events published to ${channel} appear here the moment they happen.`,
};
