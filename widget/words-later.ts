// The strings of what is loaded later, in English; words.ts has the type of all, and says what each is for.
// Knows sentences and plurals; never knows when they are shown.
import type { Status } from '../relay/protocol/event.ts';
import type { Words } from './words.ts';

const { format } = new Intl.NumberFormat('en');
const rules = new Intl.PluralRules('en');

/** `1 event`, `1,840 events`. */
function count(n: number, one: string): string {
	return `${format(n)} ${one}${rules.select(n) === 'one' ? '' : 's'}`;
}

/** In English, those that the first row does without. */
export const laterEnglish = {
	catchingUp: (toGo: number) => `Catching up, ${format(toGo)} to go`,
	paused: (waiting: number) => (waiting ? `Paused · ${format(waiting)} waiting` : 'Paused'),
	notAllowed: 'Not allowed',
	notSetUp: 'Not set up',
	resume: 'Resume',
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
	noAnswer: (relay: string) => `\`${relay}\` does not answer.`,
	nextAttempt: (time: string) => `Next attempt at ${time}.`,
	refused: 'The relay refused',
	newEvents: (events: number, errors: number) =>
		`${events > 999 ? '999+' : events} new${errors ? ` · ${count(errors, 'error')}` : ''}`,
	newSince: (time: string | undefined) => (time ? `New since ${time}` : 'New'),
	announce: (events: number, errors: number) => `${format(events)} new${errors ? `, ${count(errors, 'error')}` : ''}`,
	times: (events: number) => `×${format(events)}`,
	copyLink: 'Copy link',
	copied: 'Link copied',
	keysTitle: 'Keys',
	keys: {
		next: 'Next row',
		previous: 'Previous row',
		open: 'Open the row',
		first: 'First row',
		last: 'Last row',
		reply: 'Reply',
		react: 'React',
		leave: 'Close what is open in a row',
		pause: 'Pause or resume',
		help: 'Show these keys',
	},
	close: 'Close',
	withKey: (label: string, key: string) => `${label} (${key})`,
	here: (people: number) => `${format(people)} here`,
	others: (people: number, named: number) => {
		if (named > 0) return `${format(people)} more`;
		return people === 1 ? 'Somebody' : `${format(people)} people`;
	},
	cameIn: (people: string) => `${people} joined`,
	wentOut: (people: string) => `${people} left`,
	pulseMinute: (time: string, events: number, errors: number) =>
		`${time} · ${count(events, 'event')}${errors ? `, ${count(errors, 'error')}` : ''}`,
	statuses: { open: 'Open', resolved: 'Resolved', cancelled: 'Cancelled', reopened: 'Reopened' },
	become: { open: 'Open', resolved: 'Resolve', cancelled: 'Cancel', reopened: 'Reopen' },
	by: (name: string, ago: string) => (name ? `by ${name}, ${ago}` : ago),
	became: (status: Status, name: string, ago: string) => {
		const what = { open: 'opened', resolved: 'resolved', cancelled: 'cancelled', reopened: 'reopened' }[status];
		return name ? `${name} ${what} this · ${ago}` : `This was ${what} · ${ago}`;
	},
	pinned: 'Pinned',
	edited: 'Edited',
	earlierTexts: 'Earlier texts',
	noEarlierTexts: 'No earlier text is kept.',
	removed: (name: string, time: string) => (name ? `Removed by ${name}, ${time}` : `Removed, ${time}`),
	reply: 'Reply',
	react: 'React',
	more: 'More',
	edit: 'Edit',
	remove: 'Remove',
	pin: 'Pin',
	unpin: 'Unpin',
	replies: (replies: number, ago: string) =>
		`${format(replies)} ${rules.select(replies) === 'one' ? 'reply' : 'replies'}${ago ? ` · ${ago}` : ''}`,
	thread: 'Replies',
	showEarlier: (replies: number) => `Show ${format(replies)} earlier`,
	showNewer: (replies: number) => `Show ${format(replies)} newer`,
	answers: 'to',
	reaction: (sign: string, people: number, mine: boolean) => `${sign} ${format(people)}${mine ? ', with yours' : ''}`,
	otherSign: 'Another sign',
	add: 'Add',
	badSign: 'A sign is one emoji or a few letters, without spaces.',
	removeAsk: 'Remove it for everybody, for good?',
	keep: 'Keep',
	save: 'Save',
	leave: 'Cancel',
	refusals: {
		forbidden: 'You are not allowed to do this.',
		'wrong-status': 'It stands elsewhere by now, and cannot become that.',
		'changed-meanwhile': 'It has changed meanwhile. Look at it again, and repeat what you still want.',
		'removed-event': 'It has been removed meanwhile.',
		'unknown-event': 'It is not kept any more.',
		'too-many-reactions': 'There is no room for another reaction.',
	},
	notDone: (message: string) => `This was not done: ${message}`,
	write: 'Write a message',
	writeReply: 'Write a reply',
	send: 'Send',
	mayNotWrite: 'You can read here, and not write.',
	yourName: 'Your name',
	changeName: (name: string) => `You write as ${name}. Change the name`,
	nameBlank: 'Say first what you are called.',
	nameLong: (most: number) => `A name has at most ${format(most)} characters.`,
	nameUnseen: 'A name has no invisible characters, and none that turn the direction of writing.',
	nameTaken: (name: string) => `Somebody here is called ${name}. You can write under it; it is shown as unverified.`,
	nameHint: 'Shown as unverified: anybody can take any name here.',
	left: (bytes: number) => `Room for ${count(bytes, 'more byte')}`,
	tooLong: (bytes: number) => `Too long by ${count(bytes, 'byte')}: shorten it, or send it in parts.`,
} satisfies Partial<Words>;
