// Who is here: people, moves and times, over a clock, timers and an engine that are moved by hand.
import { describe, expect, it } from 'vitest';
import { ANYBODY, type Identity } from '../../relay/identity.ts';
import { Presence, type PresenceMemory, type Visitor } from '../../relay/presence.ts';
import { SLICE_VIEWERS } from '../../relay/protocol/limits.ts';
import type { Presence as Told } from '../../relay/protocol/relay-message.ts';

class TestVisitor implements Visitor {
	readonly frames: Told[] = [];
	isReady = true;
	probes = 0;
	pingedAt: number | undefined;
	who: Identity;
	readonly connection: string;

	constructor(connection: string, who: Partial<Identity> = {}) {
		this.connection = connection;
		this.who = { ...ANYBODY, ...who };
	}

	tell(frame: Uint8Array): void {
		this.frames.push(JSON.parse(new TextDecoder().decode(frame)));
	}

	probe(): void {
		this.probes++;
	}

	keep(): void {}

	get last(): Told | undefined {
		return this.frames.at(-1);
	}
}

function open() {
	const clock = { now: 1_700_000_000_000 };
	const timers = new Map<() => void, number>();
	const drains: (() => void)[] = [];
	const faults: unknown[] = [];
	const create = () =>
		new Presence({
			clock: () => clock.now,
			startTimer: (ms, run) => {
				timers.set(run, clock.now + ms);
				return () => timers.delete(run);
			},
			afterDrain: (run) => drains.push(run),
			onFault: (error) => faults.push(error),
		});
	/** The engine's turns and the timers that are due within so long. */
	const pass = (ms = 0) => {
		for (const until = clock.now + ms; ; ) {
			for (let run = drains.shift(); run; run = drains.shift()) run();
			const [next] = [...timers].sort(([, a], [, b]) => a - b);
			if (!next || next[1] > until) {
				clock.now = until;
				return;
			}
			clock.now = Math.max(clock.now, next[1]);
			timers.delete(next[0]);
			next[0]();
		}
	};
	return { presence: create(), create, clock, timers, drains, faults, pass };
}

const names = (people: Told['people'] = []) => people.map(({ name, id }) => name ?? id);

describe('presence', () => {
	it('[PRES1] tells who joins all who are here, and the others of him', () => {
		const { presence, pass } = open();
		const [ada, tim] = [new TestVisitor('1'), new TestVisitor('2')];
		presence.greet(ada, ada.who, { name: 'Ada', color: 'red' });
		pass(5000);
		expect(ada.frames).toEqual([
			{
				type: 'presence',
				total: 1,
				people: [{ id: '1', name: 'Ada', color: 'red', verified: false }],
				joined: [],
				left: [],
			},
		]);
		presence.greet(tim, tim.who, { name: 'Tim' });
		pass();
		expect(names(tim.last?.people)).toEqual(['Ada', 'Tim']);
		expect(ada.last).toMatchObject({ total: 2, joined: [{ id: '2', name: 'Tim' }], left: [] });
		expect([ada.frames.length, tim.frames.length]).toEqual([2, 1]);
		presence.leave(tim);
		pass(2000);
		expect(ada.last).toMatchObject({ total: 1, joined: [], left: [{ name: 'Tim' }] });
		expect(ada.frames).toHaveLength(3);
	});

	it('[PRES2] takes several connections of one person for one, who has left with the last of them', () => {
		const { presence, pass } = open();
		const viewer = new TestVisitor('0');
		presence.greet(viewer, viewer.who, {});
		const tabs = ['1', '2', '3'].map((connection) => new TestVisitor(connection, { author: 'k' }));
		const proven = ['4', '5'].map((connection) => new TestVisitor(connection, { subject: 'k', name: 'Kay' }));
		for (const tab of [...tabs, ...proven]) presence.greet(tab, tab.who, { name: 'Somebody' });
		pass(5000);
		expect(viewer.last).toMatchObject({
			total: 3,
			people: [
				{ id: '0', verified: false },
				{ id: 'k', name: 'Somebody', verified: false },
				{ id: 'k', name: 'Kay', verified: true },
			],
		});
		const before = viewer.frames.length;
		for (const tab of tabs.slice(0, 2)) presence.leave(tab);
		pass(5000);
		expect(viewer.frames).toHaveLength(before);
		presence.leave(tabs[2] as TestVisitor);
		pass(5000);
		expect(viewer.last).toMatchObject({ total: 2, left: [{ id: 'k', verified: false }] });
	});

	it('[PRES3] says the name that was said last, and a proven one whatever is said', () => {
		const { presence, pass } = open();
		const [one, two] = [new TestVisitor('1', { author: 'k' }), new TestVisitor('2', { author: 'k' })];
		const nameless = new TestVisitor('3', { subject: 's' });
		presence.greet(one, one.who, { name: 'Ada' });
		presence.greet(two, two.who, { name: 'Grace', color: 'blue' });
		presence.greet(nameless, nameless.who, { name: 'Root' });
		pass(1000);
		expect(presence.read().people).toEqual([
			{ id: 'k', name: 'Grace', color: 'blue', verified: false },
			{ id: 's', verified: true },
		]);
		presence.greet(one, one.who, { name: 'Ada Lovelace' });
		pass(1000);
		expect(two.last).toMatchObject({ joined: [], left: [], people: [{ name: 'Ada Lovelace' }, {}] });
	});

	it('[PRES4] sends a frame a second at the most, with 20 people and 10 moves of each kind', () => {
		const { presence, pass, clock } = open();
		const viewer = new TestVisitor('viewer');
		presence.greet(viewer, viewer.who, {});
		pass(5000);
		const times: number[] = [];
		viewer.tell = function (this: TestVisitor, frame) {
			times.push(clock.now);
			TestVisitor.prototype.tell.call(this, frame);
		};
		const guests = Array.from({ length: 1000 }, (_, index) => new TestVisitor(`g${index}`));
		for (const guest of guests) {
			presence.greet(guest, guest.who, {});
			pass(10);
		}
		pass(1000);
		expect(times.length).toBeGreaterThan(5);
		for (const [index, time] of times.slice(1).entries()) {
			expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(1000);
		}
		expect(viewer.last).toMatchObject({ total: 1001 });
		for (const { people, joined } of viewer.frames) {
			expect(people.length).toBeLessThanOrEqual(20);
			expect(joined.length).toBeLessThanOrEqual(10);
		}
		for (const guest of guests) {
			presence.leave(guest);
		}
		pass(3000);
		expect(viewer.last).toMatchObject({ total: 1, people: [{ id: 'viewer' }] });
		expect(viewer.last?.left).toHaveLength(10);
	});

	it('[PRES4] sends nothing, and leaves no timer, where nothing changes', () => {
		const { presence, pass, timers, drains } = open();
		const [one, two] = [new TestVisitor('1'), new TestVisitor('2')];
		presence.greet(one, one.who, {});
		presence.greet(two, two.who, {});
		pass(3000);
		const sent = one.frames.length + two.frames.length;
		presence.hear(one);
		presence.hear(two);
		presence.greet(two, two.who, {}); // he is told anew, since he asks anew
		pass(5000);
		expect(one.frames.length + two.frames.length).toBe(sent + 1);
		expect([timers.size, drains.length]).toEqual([0, 0]);
	});

	it('[PRES4] goes to a hundred at a time, with the engine’s turn between', () => {
		const { presence, pass, drains } = open();
		const visitors = Array.from({ length: 250 }, (_, index) => new TestVisitor(String(index)));
		for (const visitor of visitors) presence.greet(visitor, visitor.who, {});
		pass(5000);
		for (const visitor of visitors) visitor.frames.length = 0;
		const late = new TestVisitor('late');
		presence.greet(late, late.who, {});
		const told = () => visitors.filter(({ frames }) => frames.length === 1).length;
		const counts: number[] = [];
		// The timer that is due now, without the engine's turns.
		const { push } = drains;
		drains.push = (run) => {
			counts.push(told());
			return push.call(drains, run);
		};
		pass();
		expect(counts).toEqual([100, 200, 250]);
		expect(late.frames).toHaveLength(1);
	});

	it('[PRES5] takes who comes back within a second for one who never left', () => {
		const { presence, pass } = open();
		const [viewer, before, after] = ['1', '2', '3'].map(
			(connection) => new TestVisitor(connection, connection === '1' ? {} : { author: 'k' }),
		) as [TestVisitor, TestVisitor, TestVisitor];
		presence.greet(viewer, viewer.who, {});
		presence.greet(before, before.who, { name: 'Ada' });
		pass(5000);
		const sent = viewer.frames.length;
		presence.leave(before);
		pass(900);
		presence.greet(after, after.who, { name: 'Ada' });
		pass(5000);
		expect(viewer.frames).toHaveLength(sent);
		presence.leave(after);
		pass(1500);
		presence.greet(before, before.who, { name: 'Ada' });
		pass(1500);
		expect(viewer.frames.slice(sent)).toMatchObject([
			{ joined: [], left: [{ name: 'Ada' }] },
			{ joined: [{ name: 'Ada' }], left: [] },
		]);
	});

	it('[PRES6] asks who is silent whether he is there, and takes who does not answer for gone within 40 s', () => {
		const { presence, pass, clock } = open();
		const [viewer, cut, late] = ['viewer', 'cut', 'late'].map((name) => new TestVisitor(name)) as [
			TestVisitor,
			TestVisitor,
			TestVisitor,
		];
		for (const visitor of [viewer, cut, late]) presence.greet(visitor, visitor.who, {});
		// In the background: it says nothing by itself, and answers.
		late.probe = () => {
			late.probes++;
			presence.hear(late);
		};
		const start = clock.now;
		while (viewer.last?.left.length !== 1 && clock.now < start + 60_000) {
			pass(12_000);
			presence.hear(viewer);
			pass(0);
		}
		expect(clock.now - start).toBeLessThanOrEqual(39_000);
		expect(viewer.last).toMatchObject({ total: 2, left: [{ id: 'cut' }] });
		expect([cut.probes, late.probes > 0]).toEqual([1, true]);
		// Heard again, he is back, and knows what he has missed.
		const had = cut.frames.length;
		presence.hear(cut);
		pass(2000);
		expect(viewer.last).toMatchObject({ total: 3, joined: [{ id: 'cut' }] });
		expect(cut.frames).toHaveLength(had + 1);
		expect(cut.last).toMatchObject({ total: 3 });
	});

	it('[PRES6] misses him also where the relay sleeps between what the others say', () => {
		const { presence, create, pass, clock } = open();
		const visitors = [new TestVisitor('viewer'), new TestVisitor('cut')] as [TestVisitor, TestVisitor];
		const [viewer, cut] = visitors;
		for (const visitor of visitors) presence.greet(visitor, visitor.who, {});
		const start = clock.now;
		let awake = presence;
		while (viewer.last?.left.length !== 1 && clock.now < start + 60_000) {
			pass(12_000);
			const memories = visitors.map((visitor) => awake.remember(visitor, visitor.who) as PresenceMemory);
			awake = create();
			for (const [index, visitor] of visitors.entries())
				awake.resume(visitor, visitor.who, memories[index] as PresenceMemory);
			awake.hear(viewer);
			pass(0);
		}
		expect(clock.now - start).toBeLessThanOrEqual(39_000);
		expect([viewer.last?.left, cut.probes]).toMatchObject([[{ id: 'cut' }], 1]);
	});

	it('[PRES6] [PING3] takes who pings so that the engine answers for heard, though nothing wakes the relay', () => {
		const { presence, create, pass, clock } = open();
		const visitors = [new TestVisitor('viewer'), new TestVisitor('bare')] as [TestVisitor, TestVisitor];
		const [viewer, bare] = visitors;
		for (const visitor of visitors) presence.greet(visitor, visitor.who, {});
		let awake = presence;
		const sleep = () => {
			const memories = visitors.map((visitor) => awake.remember(visitor, visitor.who) as PresenceMemory);
			awake = create();
			for (const [index, visitor] of visitors.entries())
				awake.resume(visitor, visitor.who, memories[index] as PresenceMemory);
		};
		for (let round = 0; round < 10; round++) {
			pass(12_000);
			bare.pingedAt = clock.now - 1000;
			if (round % 2 === 0) sleep();
			awake.hear(viewer);
			pass(0);
		}
		expect([viewer.last?.total, viewer.last?.left, bare.probes]).toEqual([2, [], 0]);
		// One that has pinged before, and does not any more, is gone.
		while (viewer.last?.left.length !== 1 && clock.now < (bare.pingedAt ?? 0) + 60_000) {
			pass(12_000);
			awake.hear(viewer);
			pass(0);
		}
		expect(clock.now - (bare.pingedAt ?? 0)).toBeLessThanOrEqual(40_000);
		expect(viewer.last).toMatchObject({ total: 1, left: [{ id: 'bare' }] });
		pass(12_000);
		awake.hear(viewer);
		expect(awake.read().total).toBe(1); // what it said before is not taken for news
		// It pings again, and is back, through a sleep too.
		sleep();
		bare.pingedAt = clock.now;
		const had = bare.frames.length;
		pass(12_000);
		awake.hear(viewer);
		pass(2000);
		expect(viewer.last).toMatchObject({ total: 2, joined: [{ id: 'bare' }], left: [] });
		expect(bare.frames).toHaveLength(had + 1);
		expect(bare.last).toMatchObject({ total: 2 });
	});

	it('[PRES7] goes on after the relay’s sleep as it was', () => {
		const { presence, create, pass, clock } = open();
		const visitors = ['1', '2', '3', '4'].map((name) => new TestVisitor(name, { author: name }));
		const [one, two, three, dead] = visitors as [TestVisitor, TestVisitor, TestVisitor, TestVisitor];
		for (const visitor of visitors) {
			presence.greet(visitor, visitor.who, { name: `Person ${visitor.connection}` });
			pass(1);
		}
		for (let second = 0; second < 40; second += 10) {
			pass(10_000);
			for (const visitor of [one, two, three]) presence.hear(visitor);
		}
		expect(presence.read().total).toBe(3);
		const memories = visitors.map((visitor) => presence.remember(visitor, visitor.who)) as PresenceMemory[];
		expect(memories[3]?.heard).toBe(0);
		clock.now += 20_000;
		for (const visitor of visitors) visitor.frames.length = 0;
		const woken = create();
		for (const [index, visitor] of visitors.entries())
			woken.resume(visitor, visitor.who, memories[index] as PresenceMemory);
		woken.hear(one);
		pass(2000);
		expect(visitors.map(({ frames }) => frames.length)).toEqual([0, 0, 0, 0]);
		expect(names(woken.read().people)).toEqual(['Person 1', 'Person 2', 'Person 3']);
		woken.leave(two);
		pass(2000);
		expect(one.last).toMatchObject({ total: 2, left: [{ name: 'Person 2' }] });
		expect(dead.frames).toHaveLength(0);
		// Nobody is taken for here who was not heard for minutes, though there was nobody to ask him.
		clock.now += 200_000;
		expect(woken.read().total).toBe(0);
	});

	it('[PRES8] tells and counts nobody who may not be told, or does not want to be', () => {
		const { presence, pass } = open();
		const [stranger, shy, viewer] = ['1', '2', '3'].map((name) => new TestVisitor(name)) as [
			TestVisitor,
			TestVisitor,
			TestVisitor,
		];
		stranger.who = { ...ANYBODY, rights: 1 };
		presence.greet(stranger, stranger.who, { name: 'Eve' });
		presence.greet(shy, shy.who, undefined);
		presence.greet(viewer, viewer.who, {});
		pass(2000);
		expect([stranger.frames, shy.frames]).toEqual([[], []]);
		expect(presence.read().total).toBe(1);
		presence.greet(viewer, viewer.who, undefined);
		pass(2000);
		expect(presence.read().total).toBe(0);
	});

	it('[PRES9] adds nothing for who is behind, and tells him how it stands once he has caught up', () => {
		const { presence, pass, faults } = open();
		const [slow, broken, other] = ['slow', 'broken', 'other'].map((name) => new TestVisitor(name)) as [
			TestVisitor,
			TestVisitor,
			TestVisitor,
		];
		for (const visitor of [slow, broken]) presence.greet(visitor, visitor.who, {});
		pass(2000);
		const had = slow.frames.length;
		slow.isReady = false;
		broken.tell = () => {
			throw new Error('broken');
		};
		presence.greet(other, other.who, {});
		pass(2000);
		presence.hear(slow);
		expect(slow.frames).toHaveLength(had);
		expect(faults).toHaveLength(1);
		slow.isReady = true;
		presence.hear(slow);
		presence.hear(slow);
		expect(slow.frames).toHaveLength(had + 1);
		expect(slow.last).toMatchObject({ total: 3, joined: [], left: [] });
	});

	it('[PRES4] is told in time also where the clock goes back or jumps', () => {
		const { presence, pass, clock } = open();
		const viewer = new TestVisitor('viewer');
		presence.greet(viewer, viewer.who, {});
		pass(3000);
		for (const jump of [-3_600_000, 7_200_000]) {
			clock.now += jump;
			const guest = new TestVisitor(`guest ${jump}`);
			presence.hear(viewer);
			presence.greet(guest, guest.who, {});
			pass(1000);
			expect(viewer.last?.joined).toMatchObject([{ id: guest.connection }]);
		}
	});

	it('[PRES4] asks many who are silent at once a part at a turn, and none who speaks meanwhile', () => {
		const { presence, clock, drains, pass } = open();
		const visitors = Array.from({ length: 500 }, (_, n) => new TestVisitor(`${n}`));
		for (const visitor of visitors) presence.greet(visitor, visitor.who, { name: visitor.connection });
		pass(2000);
		clock.now += 60_000; // a relay that was suspended
		const [first] = visitors as [TestVisitor];
		presence.hear(first);
		const asked = () => visitors.filter(({ probes }) => probes > 0).length;
		expect(asked()).toBe(SLICE_VIEWERS);
		const last = visitors.at(-1) as TestVisitor;
		presence.hear(last);
		while (drains.length > 0) drains.shift()?.();
		expect([asked(), last.probes]).toEqual([498, 0]);
	});
});
