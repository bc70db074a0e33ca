// Who is here, as a client makes sense of what it is told: over frames that a test writes.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Person } from '../../relay/protocol/event.ts';
import type { Presence, Welcome } from '../../relay/protocol/relay-message.ts';
import { Attendance } from '../../widget/client/presence.ts';

const person = (id: string): Person => ({ id, name: id.toUpperCase(), verified: false });
const some = (ids: string) => ids.split('').map(person);
const ids = (people: readonly Person[] = []) => people.map(({ id }) => id).join('');

function open() {
	const pings: number[] = [];
	let told = 0;
	const ping = (isFull: boolean) => {
		expect(isFull).toBe(true); // the relay itself is to hear it
		pings.push(Date.now());
	};
	const watched = { isOpen: () => true, ping };
	const attendance = new Attendance(watched, () => told++);
	attendance.want({});
	const welcome = (more: Partial<Welcome> = {}) =>
		attendance.hear({
			...{ type: 'welcome', protocol: 1, epoch: 'e', first: 0, last: 0, after: 0, recovered: true, time: 0 },
			...{ pulse: { minute: 0, counts: {} }, returnMs: 1000, ...more },
		} as Welcome);
	const hear = (people: string, joined = '', left = '', more: Partial<Presence> & { isRead?: true } = {}) =>
		attendance.hear({
			...{ type: 'presence', total: people.length, people: some(people), joined: some(joined), left: some(left) },
			...more,
		});
	const tell = () => {
		const { joined, left, moreJoined = 0, moreLeft = 0 } = attendance.company ?? {};
		return [ids(joined), moreJoined, ids(left), moreLeft];
	};
	welcome();
	return { attendance, pings, welcome, hear, tell, told: () => told };
}

describe('an attendance', () => {
	beforeEach(() => {
		vi.useFakeTimers();
	});
	afterEach(() => {
		vi.useRealTimers();
	});

	it('[PRES6] says something every 12 s while it is present, and answers a relay that asks', () => {
		const { attendance, pings, hear } = open();
		vi.advanceTimersByTime(60_000);
		expect(pings).toHaveLength(0); // it may not be present, so it has nothing to say
		hear('a');
		vi.advanceTimersByTime(60_000);
		expect(pings).toHaveLength(5);
		attendance.hear({ type: 'pong', time: 0 }); // the answer to its own
		expect(pings).toHaveLength(5);
		vi.setSystemTime(Date.now() + 30_000); // its timers are late
		attendance.hear({ type: 'pong', time: 0 });
		expect(pings).toHaveLength(6);
		vi.setSystemTime(Date.now() + 30_000);
		attendance.hear({ type: 'pong' }); // of the engine
		expect(pings).toHaveLength(7);
		attendance.want(undefined);
		vi.advanceTimersByTime(60_000);
		expect(pings).toHaveLength(7);
	});

	it('tells of everybody who came and went, and counts those who are not named', () => {
		const { hear, tell } = open();
		hear('ab');
		expect(tell()).toEqual(['', 0, '', 0]);
		hear('abc', 'c');
		expect(tell()).toEqual(['c', 0, '', 0]);
		hear('abcdefghijklmnopqrst', 'defghijklm', '', { total: 40 });
		expect(tell()).toEqual(['defghijklm', 27, '', 0]);
		hear('abcklmnopqrst', '', 'defghij');
		expect(tell()).toEqual(['', 0, 'defghij', 0]);
	});

	it('makes no news of those who were cut off with it and come back', () => {
		const { welcome, hear, tell } = open();
		hear('abc');
		welcome();
		hear('a');
		hear('ab', 'b');
		expect(tell()).toEqual(['', 0, '', 0]);
		hear('abd', 'd');
		expect(tell()).toEqual(['d', 0, '', 0]);
		vi.setSystemTime(Date.now() + 60_000);
		hear('abd');
		hear('abdc', 'c');
		expect(tell()).toEqual(['c', 0, '', 0]);
	});

	it('makes no news of the reader himself', () => {
		const { welcome, hear, tell } = open();
		welcome({ subject: 'a' });
		hear('b');
		hear('ba', 'a');
		expect(tell()).toEqual(['', 0, '', 0]);
	});

	it('[PRES10] finds what has changed between two readings by itself, and pings nobody', () => {
		const { hear, tell, pings, told } = open();
		hear('ab', '', '', { isRead: true });
		hear('bc', '', '', { isRead: true });
		expect(tell()).toEqual(['c', 0, 'a', 0]);
		hear('bcdefghijklmnopqrstu', '', '', { total: 100, isRead: true });
		expect(tell()).toEqual(['', 0, '', 0]);
		vi.advanceTimersByTime(60_000);
		expect([pings.length, told()]).toEqual([0, 3]);
	});
});
