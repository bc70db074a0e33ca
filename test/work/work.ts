// Much work on one channel: reactions and statuses of many people, while somebody watches and somebody is away.
// Knows what is done and what must be true afterwards; never knows how a relay keeps it.
import type { FeedEntry, FeedEvent, Page } from '../../relay/protocol/event.ts';
import { isChange } from '../../relay/protocol/event.ts';
import { KEPT_CHANGES, MAX_PAGE_EVENTS } from '../../relay/protocol/limits.ts';
import { LiveTimeline } from '../../widget/client/changes.ts';
import { ask } from '../support/ask.ts';
import { Conversation, createChannelName, type Message } from '../support/conversation.ts';
import { startRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';

export interface Scale {
	events: number;
	reactions: number;
	statuses: number;
	/** Who reacts, each on a socket of his own; a tenth as many change statuses. */
	people: number;
}

export const WHOLE: Scale = { events: 10_000, reactions: 20_000, statuses: 5000, people: 50 };
export const SHORT: Scale = { events: 100, reactions: 200, statuses: 50, people: 10 };
/** What one waits for at a time. */
const IN_FLIGHT = 8;
const BATCH = 500;
const NO_LIMIT = String(10 ** 9);

export interface Outcome {
	lines: string[];
	failures: string[];
}

const group = (value: number) => Math.round(value).toLocaleString('en-US');

function describeTimes(times: number[]): string {
	times.sort((one, other) => one - other);
	const at = (share: number) => (times[Math.min(Math.floor(times.length * share), times.length - 1)] ?? 0).toFixed(1);
	return `p50 ${at(0.5)}, p99 ${at(0.99)}, at most ${at(1)} ms`;
}

/** Sends changes on a socket, some at a time, and answers how long each receipt took. */
async function change(socket: Conversation, drafts: readonly object[], failures: string[]): Promise<number[]> {
	const times: number[] = [];
	const sent = new Map<number, number>();
	let next = 0;
	let done = 0;
	const send = () => {
		while (next < drafts.length && sent.size < IN_FLIGHT) {
			sent.set(next, performance.now());
			socket.send({ type: 'publish', ref: next, draft: drafts[next++] });
		}
	};
	const settle = (ref: number) => {
		times.push(performance.now() - (sent.get(ref) ?? 0));
		sent.delete(ref);
		done++;
	};
	const look = () => {
		for (const message of socket.messages.splice(0)) {
			if (message.type === 'receipts') for (const { ref } of message.receipts) settle(ref);
			if (message.type !== 'error') continue;
			failures.push(`a change was refused: ${JSON.stringify(message).slice(0, 200)}`);
			settle(message.ref);
		}
		send();
	};
	socket.socket.on('message', look);
	send();
	await socket.until(() => done === drafts.length, 'all receipts', patience(600_000));
	socket.socket.off('message', look);
	return times;
}

/** All that is kept, from pages read back, oldest first. */
async function readPages(address: string): Promise<FeedEvent[]> {
	const events: FeedEvent[] = [];
	for (let before = ''; ; ) {
		const { body }: { body: Page } = await ask(`${address}?limit=${MAX_PAGE_EVENTS}${before && `&before=${before}`}`);
		events.unshift(...body.events);
		const oldest = body.events[0];
		if (!oldest || body.next === null) return events;
		before = oldest.id;
	}
}

/** Does the work on a relay of its own, and says what it took and what does not hold. */
export async function work(scale: Scale): Promise<Outcome> {
	const lines: string[] = [];
	const failures: string[] = [];
	const hold = (isTrue: boolean, what: string) => {
		if (!isTrue) failures.push(what);
	};
	const relay = await startRelay({
		vars: {
			LIVE_FEED_KEEP_ENTRIES: String(scale.events),
			...{ LIVE_FEED_MAX_PUBLISHES: NO_LIMIT, LIVE_FEED_MAX_PUBLISHED_BYTES: NO_LIMIT },
			...{ LIVE_FEED_MAX_MESSAGES: NO_LIMIT, LIVE_FEED_MAX_REPLAYED_BYTES: NO_LIMIT },
		},
	});
	try {
		const channel = createChannelName('work');
		const address = `${relay.url}/channels/${channel}/events`;
		for (let from = 0; from < scale.events; from += BATCH) {
			const count = Math.min(BATCH, scale.events - from);
			const drafts = Array.from({ length: count }, (_, n) => ({
				text: `piece of work ${from + n + 1}`,
				status: 'open',
			}));
			const { status } = await ask(address, {
				method: 'POST',
				headers: { 'content-type': 'application/json' },
				body: JSON.stringify(drafts),
			});
			hold(status === 201, `a batch got ${status}`);
		}
		const before = await readPages(address);
		const idOf = (n: number) => before[n % before.length]?.id as string; // there are events
		// Somebody who has everything goes away.
		const away = new LiveTimeline();
		away.append(before);
		const position = before.at(-1)?.id;
		const watching = await Conversation.join(relay.url, channel, { position });
		const people = await Promise.all(
			Array.from({ length: scale.people }, (_, n) =>
				Conversation.join(relay.url, channel, { history: 0, types: ['none'], author: `person-${n}-of-all-of-them` }),
			),
		);
		const workers = await Promise.all(
			Array.from({ length: Math.max(scale.people / 10, 1) }, () =>
				Conversation.join(relay.url, channel, { history: 0, types: ['none'] }),
			),
		);
		const each = scale.reactions / scale.people;
		const start = performance.now();
		const reacting = people.map((person, n) =>
			change(
				person,
				Array.from({ length: each }, (_, k) => ({ target: idOf(k * 7 + n), reaction: '👍' })),
				failures,
			),
		);
		const share = scale.statuses / workers.length;
		// Each has pieces of his own, of which the first is the oldest of all: resolved, and never again.
		const resolving = workers.map((worker, n) =>
			change(
				worker,
				Array.from({ length: share }, (_, k) => ({ target: idOf(n + k * workers.length), status: 'resolved' })),
				failures,
			),
		);
		const times = (await Promise.all([...reacting, ...resolving])).flat();
		const seconds = (performance.now() - start) / 1000;
		const made = scale.reactions + scale.statuses;
		const last = scale.events + made;
		lines.push(
			`${group(scale.reactions)} reactions of ${scale.people} people and ${group(scale.statuses)} statuses, on a channel that keeps ${group(scale.events)} events: ${group(made / seconds)} changes a second; receipts ${describeTimes(times)}`,
		);
		await watching.until(() => watching.seqs.at(-1) === last, 'all that is live', patience(60_000));
		const seqs = new Set(watching.seqs);
		hold(
			seqs.size === made && watching.seqs.length === made,
			`who watched was sent ${watching.seqs.length} of ${made}`,
		);

		const after = await readPages(address);
		hold(
			after.length === scale.events && after[0]?.seq === 1,
			`${after.length} events are left, from ${after[0]?.seq}`,
		);
		const sum = after.reduce((total, { reactions = {} }) => total + (reactions['👍'] ?? 0), 0);
		hold(sum === scale.reactions, `${sum} reactions are counted of ${scale.reactions}`);
		const resolved = after.filter(({ status }) => status === 'resolved').length;
		hold(resolved === scale.statuses, `${resolved} pieces are resolved of ${scale.statuses}`);
		const { body: oldest } = await ask(`${address}?limit=3&before=${idOf(3)}`);
		hold(oldest.events[0]?.status === 'resolved', `the oldest is ${oldest.events[0]?.status} on the oldest page`);

		const back = await Conversation.join(relay.url, channel, { position });
		const welcome: Message = back.messages[0];
		await back.until(() => back.seqs.at(-1) === last, 'all that came meanwhile', patience(60_000));
		const isMuch = made > KEPT_CHANGES * 1.3;
		hold(welcome.recovered && !welcome.missing, 'who was away is told of a gap');
		hold(
			(welcome.refresh !== undefined) === isMuch,
			`who was away is told to refresh ${JSON.stringify(welcome.refresh)}`,
		);
		if (welcome.refresh) away.merge(await readPages(address));
		const entries: FeedEntry[] = back.events;
		away.change(entries.filter(isChange));
		const isSame = JSON.stringify(sortKeys(away.events)) === JSON.stringify(sortKeys(after));
		hold(isSame && away.items.length === scale.events, 'who was away has other events than the pages');
		lines.push(
			`who was away for all of it: no gap, ${welcome.refresh ? `told to read again what changed from ${group(welcome.refresh.from)} to ${group(welcome.refresh.to)}, then ` : ''}${group(entries.length)} changes, and right`,
		);

		const welcomes: number[] = [];
		for (let n = 0; n < 20; n++) {
			const began = performance.now();
			const fresh = await Conversation.join(relay.url, channel, {
				author: `person-${n % scale.people}-of-all-of-them`,
			});
			welcomes.push(performance.now() - began);
			await fresh.until(() => fresh.events.length === Math.min(50, scale.events), 'history');
			hold(!fresh.events.some(isChange), 'who is fresh is sent changes');
			await fresh.close();
		}
		lines.push(
			`a fresh viewer's welcome then, with his own ${group(each)} reactions, from opening the socket: ${describeTimes(welcomes)}`,
		);
		for (const socket of [watching, back, ...people, ...workers]) await socket.close();
	} finally {
		await relay.stop();
	}
	return { lines, failures };
}

/** Fields in one order, since those that a change brings come last. */
function sortKeys(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(sortKeys);
	if (typeof value !== 'object' || value === null) return value;
	const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
	return Object.fromEntries(entries.map(([key, item]) => [key, sortKeys(item)]));
}
