// The relay by long polling, and POST for what is published: what gets through where nothing else does.
// Knows pages and waiting; never knows what is said, nor when to try again.
import type { Hello } from '../../relay/protocol/client-message.ts';
import type { Page } from '../../relay/protocol/event.ts';
import type { Welcome } from '../../relay/protocol/relay-message.ts';
import { seqIn } from './changes.ts';
import { entriesOf } from './history.ts';
import { createHttpTransport } from './http-transport.ts';
import type { CreateTransport } from './transport.ts';

/** How long the relay is asked to wait for news, seconds; and how much longer an answer may take, milliseconds. */
const WAIT_SECONDS = 25;
const ANSWER_TIMEOUT_MS = 10_000;

/** What a page asked for with `wait` has besides. */
type WaitedPage = Page & Pick<Welcome, 'time' | 'pulse' | 'returnMs'>;

/** Pages of the channel's events, each asked for when the one before has come. */
export const createLongPoll: CreateTransport = (url, handlers) =>
	createHttpTransport(url, handlers, async (hello, line) => {
		let { position } = hello;
		for (let turn = 0; ; turn++) {
			const wait = turn === 0 ? 0 : WAIT_SECONDS;
			line.expectWithin(wait * 1000 + ANSWER_TIMEOUT_MS);
			const more = { wait: String(wait), ...(position ? { limit: '1000' } : {}) };
			const response = await line.fetch('application/json', more, position);
			if (!response) return;
			const page = (await response.json()) as WaitedPage; // the relay's own
			if (!position && hello.history === 0) page.events = [];
			// Another log, or changes that are gone: said by the welcome to a new hello.
			if (turn > 0 && (page.refresh || isOther(page, position))) return;
			const welcome = turn === 0 ? welcomeOf(hello, page) : undefined;
			if (welcome) line.tell(welcome);
			tellEntries(page, welcome?.after ?? seqIn(position as string), line.tell); // set in the turn before
			position = page.next ?? position;
		}
	});

/** The welcome that a page stands for. */
function welcomeOf({ ref, position }: Hello, page: WaitedPage): Welcome {
	const { epoch, first, last, events, missing, time, pulse, returnMs, refresh, own } = page;
	const isLost = isOther(page, position);
	let after = (events[0]?.seq ?? last + 1) - 1;
	if (isLost) after = Math.max(first - 1, 0);
	else if (missing) after = missing.to;
	else if (position !== undefined) after = seqIn(position);
	const recovered = !isLost && !missing;
	const told = { epoch, first, last, after, recovered, ...(missing ? { missing } : {}), time, pulse, returnMs };
	const optional = { ...(ref === undefined ? {} : { ref }), ...(refresh ? { refresh } : {}), ...(own ? { own } : {}) };
	return { type: 'welcome', protocol: 1, ...optional, ...told };
}

function tellEntries(page: Page, after: number, tell: (message: object) => void): void {
	const { epoch, next, missing } = page;
	const to = next === null ? after : seqIn(next);
	// Where something is no longer kept it begins behind that: a hole for the client, who finds out what became of it.
	const from = Math.max(after, missing?.to ?? 0) + 1;
	if (to > after) tell({ type: 'entries', epoch, from, to, entries: entriesOf(page) });
}

/** Is it another log than that of the position, or one that lost its end? */
function isOther({ epoch, last }: Page, position: string | undefined): boolean {
	if (position === undefined) return false;
	const [known] = position.split(':');
	return known !== '-' && (known !== epoch || seqIn(position) > last);
}
