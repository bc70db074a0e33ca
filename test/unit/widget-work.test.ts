// What is pure of work on events: whose an event is and what may be done with it, whom a text names, which replies are drawn.
import { describe, expect, it } from 'vitest';
import { CAPABILITIES, type Capability } from '../../relay/protocol/capabilities.ts';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import { mentions } from '../../widget/mentions.ts';
import { isOwn, rightsTo } from '../../widget/rights.ts';
import { Thread } from '../../widget/threads.ts';
import { isSign } from '../../widget/views/acts.ts';

const event = (fields: Partial<FeedEvent> = {}): FeedEvent => ({
	...{ id: 'e:1', seq: 1, time: 0, type: 'message', text: 'a' },
	...fields,
});
const ada = { id: 'ada', name: 'Ada', verified: true };
const me = (can: readonly Capability[], who: { author?: string; subject?: string } = {}) => ({
	own: { can: [...can], ...(who.author ? { author: who.author } : {}) },
	subject: who.subject,
});

describe('the rights to an event', () => {
	it('are none before the welcome, and none to a removed one', () => {
		const none = { reply: false, react: false, edit: false, remove: false, pin: false, statuses: [] };
		expect(rightsTo(event({ status: 'open' }), { own: undefined, subject: 'ada' })).toEqual(none);
		const removed = event({ removed: { time: 0 } });
		expect(rightsTo(removed, me(CAPABILITIES))).toEqual(none);
	});

	it('go by whose it is: of a proven actor by his id, of another by the key', () => {
		expect(isOwn(event({ actor: ada }), me([], { subject: 'ada' }))).toBe(true);
		expect(isOwn(event({ actor: ada }), me([], { subject: 'tim' }))).toBe(false);
		expect(isOwn(event({ actor: { ...ada, verified: false } }), me([], { subject: 'ada' }))).toBe(false);
		expect(isOwn(event({ author: 'k' }), me([], { author: 'k' }))).toBe(true);
		expect(isOwn(event(), me([]))).toBe(false);
	});

	it('let own ones be edited, removed and resolved, and others only by who may', () => {
		const mine = event({ author: 'k', status: 'open' });
		const theirs = event({ author: 'l', status: 'open' });
		const worker = me(['status:own', 'edit:own', 'remove:own'], { author: 'k' });
		expect(rightsTo(mine, worker)).toMatchObject({ edit: true, remove: true, statuses: ['resolved', 'cancelled'] });
		expect(rightsTo(theirs, worker)).toMatchObject({ edit: false, remove: false, statuses: [] });
		const moderator = me(['moderate', 'status:any']);
		expect(rightsTo(theirs, moderator)).toMatchObject({ edit: false, remove: true, pin: true });
		expect(rightsTo(event({ status: 'resolved' }), moderator).statuses).toEqual(['reopened']);
		expect(rightsTo(event({ status: 'reopened' }), moderator).statuses).toEqual(['resolved', 'cancelled']);
		expect(rightsTo(event(), moderator).statuses).toEqual([]);
	});

	it('let those reply who may comment or publish', () => {
		expect(rightsTo(event(), me(['comment'])).reply).toBe(true);
		expect(rightsTo(event(), me(['publish'])).reply).toBe(true);
		expect(rightsTo(event(), me(['read'])).reply).toBe(false);
	});
});

describe('a mention', () => {
	const names = (text: string, ...who: string[]) => mentions({ text }, who);

	it('is found by id, first word and whole name, however they are written', () => {
		for (const text of [
			'@ada look',
			'so, @Ada.',
			'(@AdaLovelace)',
			'ask @ada-lovelace',
			'@ADA_LOVELACE',
			'@Ada Lovelace',
		])
			expect(names(text, 'Ada Lovelace'), text).toBe(true);
		expect(names('@u-17 look', 'u-17')).toBe(true);
		expect(names('شكرا @ليلى', 'ليلى حداد')).toBe(true);
	});

	it('is none in code, in an address, in part of a word, or of somebody else', () => {
		for (const text of ['`@ada`', 'ada@ada.example', 'x@ada', 'Ada', '@adam', '@lovelace', ''])
			expect(names(text, 'Ada Lovelace'), text).toBe(false);
		expect(names('@ada')).toBe(false);
		expect(names('@ada', '', ' ')).toBe(false);
	});
});

describe('a thread', () => {
	const replies = (from: number, to: number) =>
		Array.from({ length: to - from + 1 }, (_, i) => event({ seq: from + i, id: `e:${from + i}`, replyTo: 'e:1' }));
	const drawn = (thread: Thread) => thread.drawn.map(({ seq }) => seq);

	it('begins with the newest three, and draws older ones by fifty', () => {
		const thread = new Thread();
		thread.add(replies(2, 101));
		expect(drawn(thread)).toEqual([99, 100, 101]);
		expect(thread.older).toBe(97);
		thread.showOlder();
		expect(drawn(thread)).toHaveLength(53);
		thread.add(replies(102, 102));
		expect(drawn(thread).at(-1)).toBe(102);
	});

	it('takes each reply once, in order, and keeps its place while older ones come', () => {
		const thread = new Thread();
		thread.add(replies(51, 60));
		thread.add(replies(41, 55));
		expect(thread.replies.map(({ seq }) => seq)).toEqual(replies(41, 60).map(({ seq }) => seq));
		expect(drawn(thread)).toEqual([58, 59, 60]);
	});

	it('never draws more than two hundred, and comes back to the newest', () => {
		const thread = new Thread();
		thread.add(replies(2, 1001));
		for (let i = 0; i < 10; i++) thread.showOlder();
		expect(drawn(thread)).toHaveLength(200);
		expect(thread.newer).toBeGreaterThan(0);
		const [first] = drawn(thread);
		thread.add(replies(1002, 1002));
		expect(drawn(thread)[0]).toBe(first);
		for (let i = 0; i < 30; i++) thread.showNewer();
		expect(drawn(thread).at(-1)).toBe(1002);
		expect(drawn(thread)).toHaveLength(200);
	});
});

describe('a sign', () => {
	it('is what the relay takes', () => {
		for (const sign of ['👍', '👩‍👩‍👧‍👦', '+1', 'ok']) expect(isSign(sign), sign).toBe(true);
		for (const sign of ['', 'a b', 'a\u00a0b', '\u202ea', 'x'.repeat(33), '\n']) expect(isSign(sign), sign).toBe(false);
	});
});
