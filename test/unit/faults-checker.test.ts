import { describe, expect, it } from 'vitest';
import { check, type Evidence, type LogRecord, type Placed, type Step, type Verdict } from '../faults/checker.ts';

/** A log of one publisher's events, `n` being `seq`. */
function createLog(last: number, { epoch = 'k3f9', first = 1 } = {}): LogRecord {
	const events: Placed[] = [];
	for (let seq = first; seq <= last; seq++) events.push({ epoch, seq, publisher: 'ada', n: seq });
	return { epoch, first, last, events };
}

function show(log: LogRecord, ...seqs: number[]): Step[] {
	return seqs.map((seq) => ({ kind: 'event', epoch: log.epoch, seq, publisher: 'ada', n: seq }));
}

/** What is known of a log where all went well, and what is to be otherwise. */
function createEvidence(log: LogRecord, changed: Partial<Evidence> = {}): Evidence {
	const all = Array.from({ length: log.last }, (_, index) => index + 1);
	return {
		handedIn: all.map((n) => ({ publisher: 'ada', n })),
		receipts: all.map((n) => ({ publisher: 'ada', n, epoch: log.epoch, seq: n })),
		logs: [log],
		viewers: [{ name: 'viewer', steps: show(log, ...all.slice(log.first - 1)), begin: log.first - 1 }],
		...changed,
	};
}

/** What was found, by kind; what was not found is left out. */
function find(evidence: Evidence): Partial<Verdict> {
	const { counts: _, ...lists } = check(evidence);
	return Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0));
}

describe('the checker', () => {
	const log = createLog(6);

	it('finds nothing where all went well', () => {
		const evidence = createEvidence(log);
		expect(find(evidence)).toEqual({});
		expect(check(evidence).counts).toMatchObject({ handedIn: 6, receipts: 6, stored: 6, shown: 6, gaps: 0 });
	});

	it('finds nothing in a trimmed log whose gap was told', () => {
		const trimmed = createLog(6, { first: 4 });
		const steps: Step[] = [...show(trimmed, 1), { kind: 'gap', from: 2, to: 3 }, ...show(trimmed, 4, 5, 6)];
		const evidence = createEvidence(trimmed, { viewers: [{ name: 'viewer', steps }] });
		expect(find(evidence)).toEqual({});
		expect(check(evidence).counts).toMatchObject({ gaps: 1, gapEvents: 2 });
	});

	it('finds nothing where one log follows another with a word', () => {
		const next = createLog(2, { epoch: 'next' });
		const steps: Step[] = [...show(log, 1, 2, 3), { kind: 'reset' }, ...show(next, 1, 2)];
		expect(find(createEvidence(log, { logs: [log, next], viewers: [{ name: 'viewer', steps }] }))).toEqual({});
	});

	it('passes over what a viewer did not want, and what was after his end', () => {
		const viewers = [
			{ name: 'even', steps: show(log, 2, 4, 6), wants: ({ n }: { n: number }) => n % 2 === 0 },
			{ name: 'early', steps: show(log, 1, 2), end: 2 },
			{ name: 'some', steps: show(log, 1, 5), isPartial: true as const },
		];
		expect(find(createEvidence(log, { viewers }))).toEqual({});
	});

	it('finds a receipt whose event is nowhere', () => {
		const receipts = [{ publisher: 'ada', n: 7, epoch: 'k3f9', seq: 7 }];
		expect(find(createEvidence(log, { receipts })).lost).toEqual([
			'ada 7 has a receipt for k3f9:7, where nothing lies',
		]);
	});

	it('finds a receipt at whose place another event lies', () => {
		const receipts = [{ publisher: 'ada', n: 2, epoch: 'k3f9', seq: 3 }];
		expect(find(createEvidence(log, { receipts })).lost).toEqual(['ada 2 has a receipt for k3f9:3, where ada 3 lies']);
	});

	it('finds a receipt of a log that is not there', () => {
		const receipts = [{ publisher: 'ada', n: 2, epoch: 'gone', seq: 2 }];
		expect(find(createEvidence(log, { receipts })).lost).toHaveLength(1);
	});

	it('finds a hole in history, and an end that is missing', () => {
		const holed = { ...log, events: log.events.filter(({ seq }) => seq !== 3) };
		expect(find(createEvidence(holed, { receipts: [] })).lost).toEqual(['k3f9: 4 follows 2 in history']);
		const short = { ...log, events: log.events.slice(0, 4) };
		expect(find(createEvidence(short, { receipts: [], viewers: [] })).lost).toEqual([
			'k3f9: history ends with 4, not with 6',
		]);
	});

	it('finds a draft that is stored twice', () => {
		const events = [...log.events, { epoch: 'k3f9', seq: 7, publisher: 'ada', n: 2 }];
		const viewers = [{ name: 'viewer', steps: [], isPartial: true as const }];
		expect(find(createEvidence({ ...log, last: 7, events }, { receipts: [], viewers }))).toEqual({
			doubled: ['ada 2 is stored as 2 and as k3f9:7'],
		});
	});

	it('finds a draft with two receipts, though neither event is kept', () => {
		const trimmed = createLog(6, { first: 4 });
		const receipts = [1, 2].map((seq) => ({ publisher: 'ada', n: 1, epoch: 'k3f9', seq }));
		expect(find(createEvidence(trimmed, { receipts })).doubled).toEqual([
			'ada 1 has a receipt for k3f9:2 and one for 1',
		]);
	});

	it('finds an event that is shown twice', () => {
		const viewers = [{ name: 'viewer', steps: show(log, 1, 2, 3, 3, 4, 5, 6) }];
		expect(find(createEvidence(log, { viewers }))).toEqual({ doubled: ['viewer was shown k3f9:3 (ada 3) twice'] });
	});

	it("finds a publisher's order that is not the log's", () => {
		const events = log.events.map((event) => ({ ...event, n: [1, 2, 4, 3, 5, 6][event.seq - 1] as number }));
		const evidence = createEvidence({ ...log, events }, { receipts: [], viewers: [] });
		expect(find(evidence)).toEqual({ reordered: ['ada 3 is stored as k3f9:4, after ada 4'] });
		expect(find({ ...evidence, unordered: ['ada'] })).toEqual({});
	});

	it("finds a viewer's order that is not the log's", () => {
		const viewers = [{ name: 'viewer', steps: show(log, 1, 2, 4, 3, 5, 6) }];
		expect(find(createEvidence(log, { viewers }))).toEqual({ reordered: ['viewer was shown k3f9:3 (ada 3) after 4'] });
	});

	it('finds what a viewer was not shown, in the middle, at the beginning and at the end', () => {
		const viewers = [
			{ name: 'a', steps: show(log, 1, 2, 5, 6) },
			{ name: 'b', steps: show(log, 3, 4, 5, 6), begin: 1 },
			{ name: 'c', steps: show(log, 1, 2, 3, 4) },
			{ name: 'd', steps: [] },
		];
		expect(find(createEvidence(log, { viewers })).silentlyMissing).toEqual([
			'a was not shown k3f9:3 to 4',
			'b was not shown k3f9:2',
			'c was not shown k3f9:5 to 6',
			'd was not shown k3f9:1 to 6',
		]);
	});

	it('finds what was trimmed before a viewer had it, and was not told as a gap', () => {
		const trimmed = createLog(6, { first: 4 });
		const viewers = [{ name: 'viewer', steps: show(trimmed, 1, 4, 5, 6) }];
		expect(find(createEvidence(trimmed, { viewers })).silentlyMissing).toEqual(['viewer was not shown k3f9:2 to 3']);
	});

	it('finds a log of which a viewer was shown nothing', () => {
		const next = createLog(2, { epoch: 'next' });
		const viewers = [{ name: 'viewer', steps: show(log, 1, 2, 3, 4, 5, 6) }];
		expect(find(createEvidence(log, { logs: [log, next], viewers })).silentlyMissing).toEqual([
			'viewer was shown nothing of the log next',
		]);
	});

	it('finds a gap over what was kept, at the end or when it was told', () => {
		const kept: Step[] = [...show(log, 1), { kind: 'gap', from: 2, to: 3 }, ...show(log, 4, 5, 6)];
		expect(find(createEvidence(log, { viewers: [{ name: 'viewer', steps: kept }] })).falseGap).toEqual([
			'viewer was told that 2 to 3 are gone, and 1 is the oldest that was kept',
		]);
		const trimmed = createLog(6, { first: 5 });
		const early: Step[] = [
			...show(trimmed, 1),
			{ kind: 'gap', from: 2, to: 3, firstThen: 3 },
			...show(trimmed, 4, 5, 6),
		];
		expect(find(createEvidence(trimmed, { viewers: [{ name: 'viewer', steps: early }] })).falseGap).toEqual([
			'viewer was told that 2 to 3 are gone, and 3 is the oldest that was kept',
		]);
	});

	it('finds a gap over what the viewer has', () => {
		const trimmed = createLog(6, { first: 4 });
		const steps: Step[] = [...show(trimmed, 1, 2), { kind: 'gap', from: 2, to: 3 }, ...show(trimmed, 4, 5, 6)];
		expect(find(createEvidence(trimmed, { viewers: [{ name: 'viewer', steps }] })).falseGap).toEqual([
			'viewer was told that 2 to 3 are gone, and had been shown up to 2',
		]);
	});

	it('finds one log after another without a word, and an event of the old one after it', () => {
		const next = createLog(2, { epoch: 'next' });
		const silent = [...show(log, 1, 2), ...show(next, 1, 2)];
		expect(
			find(createEvidence(log, { logs: [log, next], viewers: [{ name: 'viewer', steps: silent }] })).mixed,
		).toEqual(['viewer was shown next:1 (ada 1) after k3f9:2 without a word']);
		const mixed: Step[] = [...show(log, 1), { kind: 'reset' }, ...show(next, 1), ...show(log, 2), ...show(next, 2)];
		expect(find(createEvidence(log, { logs: [log, next], viewers: [{ name: 'viewer', steps: mixed }] })).mixed).toEqual(
			['viewer was shown k3f9:2 (ada 2) after the log next'],
		);
	});

	it('finds what nobody handed in, and what is shown otherwise than it is stored', () => {
		expect(find(createEvidence(log, { handedIn: [] })).invented).toHaveLength(6);
		const steps = show(log, 1, 2, 3, 4, 5, 6).map((step) => ({ ...step, n: 1 }));
		expect(find(createEvidence(log, { viewers: [{ name: 'viewer', steps: steps as Step[] }] })).invented).toHaveLength(
			5,
		);
	});

	it('counts what is too much to write out', () => {
		const long = createLog(100);
		const { lost } = check(createEvidence({ ...long, events: [] }, { viewers: [] }));
		expect(lost).toHaveLength(21);
		expect(lost.at(-1)).toBe('and 80 more');
	});
});
