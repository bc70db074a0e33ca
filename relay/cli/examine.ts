// A relay looked at from outside, from its name to its events.
// Knows the order of steps and what ends it early; never knows how it is shown.
import { setTimeout as delay } from 'node:timers/promises';
import { type Answered, Asker, findTraces, Unanswered } from './asker.ts';
import { type Delivery, judgeDelivery } from './delivery.ts';
import {
	estimateOffset,
	explainRefusal,
	judgeLimits,
	judgeOffset,
	judgePublished,
	judgeStored,
	judgeWay,
} from './diagnosis.ts';
import type { Finding } from './findings.ts';
import { Probe, type Published } from './probe.ts';
import { formatMs, reach } from './reach.ts';
import { openReadings, type Reading } from './readings.ts';

export interface Examination {
	/** Without a slash at the end. */
	relay: string;
	channel: string;
	/** How many events are published. */
	events: number;
	token: string | undefined;
	/** A page's origin, where it is to be known whether such pages are served. */
	origin: string | undefined;
	/** The version of this command. */
	version: string;
}

/** What was measured, for programs. */
export interface Figures {
	clock?: { offsetMs: number; uncertaintyMs: number };
	version?: string;
	published?: { events: number; ms: number; refused: Published['refused'] };
	ways?: Record<string, Delivery>;
}

const CLOCK_SAMPLES = 5;
/** Ways that are not open by then are looked at all the same, milliseconds. */
const READY_MS = 3000;
/** After so long without a further event no more is waited for; and in any case. */
const GRACE_MS = 3000;
const MAX_GRACE_MS = 10_000;
const PUBLISH_BUDGET_MS = 30_000;
const PAGE_EVENTS = 1000;

/** Tells each finding as soon as it is one; where a step fails on which all others stand, it is the last. */
export async function examine(examination: Examination, tell: (finding: Finding) => void): Promise<Figures> {
	const { relay, channel, token, origin } = examination;
	const asker = new Asker(relay, token);
	const figures: Figures = {};
	if (!(await reach(new URL(relay), tell))) return figures;
	if (!(await lookAtHealth(asker, tell))) return figures;
	const clock = await measureClock(asker);
	if (clock) {
		figures.clock = clock;
		tell(judgeOffset(clock.offsetMs, clock.uncertaintyMs));
	}
	const version = await lookAtVersion(asker, examination.version, tell);
	if (version !== undefined) figures.version = version;
	if (origin !== undefined) await lookAtOrigin(asker, origin, tell);
	const position = await findPosition(asker, channel, tell);
	if (position === undefined) return figures;
	await deliver(asker, examination, position, figures, tell);
	return figures;
}

async function lookAtHealth(asker: Asker, tell: (finding: Finding) => void): Promise<boolean> {
	const name = 'HTTP';
	let answer: Answered;
	try {
		answer = await asker.ask('/health', {}, false);
	} catch (error) {
		const { code } = error as Unanswered;
		const isForeign = /HPE_|ECONNRESET|UND_ERR_SOCKET/.test(code);
		const [text, advice] =
			code === 'ETIMEDOUT'
				? [
						'A connection is taken, and no request answered.',
						'The relay hangs, or what is before it does not reach it: look at both logs.',
					]
				: [
						`No request is answered (${code}).`,
						isForeign
							? 'What listens there does not speak HTTP, or wants https.'
							: 'Look at the log of what listens there.',
					];
		tell({ name, standing: 'wrong', text, advice });
		return false;
	}
	const { status, json, headers, asked, answered } = answer;
	const traces = findTraces(headers);
	const through = traces === undefined ? '' : ` In between, or in its place: ${traces}.`;
	if (status === 200 && json?.status === 'ok' && typeof json.time === 'number') {
		tell({ name, standing: 'ok', text: `/health answers in ${formatMs(answered - asked)}.${through}` });
		return true;
	}
	const isProblem = typeof json?.code === 'string';
	const refusal = { status, ...(isProblem ? { code: String(json.code), detail: String(json.detail) } : {}) };
	const [text, advice] = explainRefusal(refusal, '', false);
	const location = headers.get('location');
	const where = location === null ? advice : `Give the address that it leads to: ${location.replace(/\/health$/, '')}`;
	const stranger =
		status === 200 ? ['It answers, and is no live-feed relay.', 'Give the address of the relay itself.'] : [];
	tell({ name, standing: 'wrong', text: (stranger[0] ?? text) + through, advice: stranger[1] ?? where });
	return false;
}

async function measureClock(asker: Asker): Promise<Figures['clock']> {
	const samples: { asked: number; answered: number; time: number }[] = [];
	for (let sample = 0; sample < CLOCK_SAMPLES; sample++) {
		try {
			const { json, asked, answered } = await asker.ask('/health', {}, false);
			const { timeOrigin } = performance;
			if (typeof json?.time === 'number')
				samples.push({ asked: asked + timeOrigin, answered: answered + timeOrigin, time: json.time });
		} catch (error) {
			if (!(error instanceof Unanswered)) throw error;
			break; // the steps that follow tell why
		}
	}
	return estimateOffset(samples);
}

async function lookAtVersion(asker: Asker, own: string, tell: (finding: Finding) => void): Promise<string | undefined> {
	const name = 'Version';
	const answer = await asker.ask('/live-feed/integrity.json', {}, false).catch(() => undefined);
	const version = answer?.json?.version;
	if (answer?.status !== 200 || typeof version !== 'string') {
		tell({ name, standing: 'unknown', text: 'The relay does not say, as one that is being worked on.' });
		return undefined;
	}
	const text = `The relay has ${version}, this command is ${own}.`;
	if (version === own) tell({ name, standing: 'ok', text: `${version}, as this command.` });
	else tell({ name, standing: 'warning', text, advice: 'They understand each other; bring the older one up to date.' });
	return version;
}

async function lookAtOrigin(asker: Asker, origin: string, tell: (finding: Finding) => void): Promise<void> {
	const name = 'Origin';
	try {
		const { status, headers, json } = await asker.ask('/health', { origin }, false);
		if (status === 200 && headers.get('access-control-allow-origin') === origin) {
			tell({ name, standing: 'ok', text: `Pages of ${origin} are served.` });
			return;
		}
		const isProblem = json?.code === 'origin-refused';
		const text = isProblem ? String(json.detail) : `Pages of ${origin} may not read what is answered.`;
		const advice = isProblem
			? `Where the relay runs: LIVE_FEED_ORIGINS=${origin}`
			: 'Something on the way takes Access-Control-Allow-Origin out, or sets another: let it pass on what the relay says.';
		tell({ name, standing: 'wrong', text, advice });
	} catch (error) {
		if (!(error instanceof Unanswered)) throw error;
		tell({ name, standing: 'unknown', text: `No answer (${error.code}).` });
	}
}

/** Where the channel ends now; undefined where it may not be read. */
async function findPosition(
	asker: Asker,
	channel: string,
	tell: (finding: Finding) => void,
): Promise<string | undefined> {
	const name = 'Access';
	const hasToken = asker.token !== undefined;
	let refusal: Parameters<typeof explainRefusal>[0];
	try {
		const { status, json } = await asker.ask(`/channels/${channel}/events?limit=0`, { accept: 'application/json' });
		if (status === 200 && typeof json?.epoch === 'string' && typeof json.last === 'number') {
			const who = hasToken ? 'The token may read' : 'Anybody may read';
			tell({ name, standing: 'ok', text: `${who} ${channel}, which has ${json.last} entries.` });
			return `${json.epoch}:${json.last}`;
		}
		refusal = { status, ...(typeof json?.code === 'string' ? { code: json.code, detail: String(json.detail) } : {}) };
	} catch (error) {
		if (!(error instanceof Unanswered)) throw error;
		refusal = { code: error.code };
	}
	const [text, advice] = explainRefusal(refusal, channel, hasToken);
	tell({ name, standing: 'wrong', text, advice });
	return undefined;
}

async function deliver(
	asker: Asker,
	{ channel, events }: Examination,
	position: string,
	figures: Figures,
	tell: (finding: Finding) => void,
): Promise<void> {
	const hasToken = asker.token !== undefined;
	const probe = new Probe({ asker, channel, events, budgetMs: PUBLISH_BUDGET_MS });
	const readings = openReadings({ asker, channel, position, read: probe.read });
	let published: Published;
	try {
		await Promise.race([Promise.all(readings.map(({ ready }) => ready)), delay(READY_MS, undefined, { ref: false })]);
		published = await probe.publish();
		await waitForAll(readings, published.sent.size);
	} finally {
		for (const reading of readings) reading.close();
	}
	const { refused, tookMs, sent } = published;
	figures.published = { events: sent.size, ms: Math.round(tookMs), refused };
	tell(judgePublished(published, events, channel, hasToken));
	const ways = readings.map((reading) => ({ reading, delivery: judgeDelivery(sent, reading.arrivals) }));
	figures.ways = Object.fromEntries(ways.map(({ reading, delivery }) => [reading.name, delivery]));
	const [best] = ways
		.flatMap(({ delivery: { latency } }) => (latency ? [latency] : []))
		.sort((one, other) => one.p50 - other.p50);
	for (const { reading, delivery } of ways) {
		const { name, isStream, isReady, firstByteMs, refusal, headers } = reading;
		const traces = headers && findTraces(headers);
		// Pages are compressed by the relay's own engine; streams by nobody.
		const encoding = (isStream && headers?.get('content-encoding')) || undefined;
		const way = { name, delivery, isReady, firstByteMs, refusal, traces, encoding };
		tell(judgeWay(way, best, channel, hasToken));
	}
	if (sent.size === 0) return;
	const stored = await readStored(asker, channel, position, probe.read);
	if (stored) tell(judgeStored([...sent.keys()], stored));
	else tell({ name: 'Stored', standing: 'unknown', text: 'History could not be read to its end.' });
	tell(judgeLimits(published));
}

/** Until everybody has everything, or nobody gets any more. */
async function waitForAll(readings: readonly Reading[], expected: number): Promise<void> {
	const until = performance.now() + MAX_GRACE_MS;
	let [count, since] = [-1, performance.now()];
	for (;;) {
		const waiting = readings.filter(({ arrivals, refusal }) => !refusal && arrivals.length < expected);
		const came = readings.reduce((sum, { arrivals }) => sum + arrivals.length, 0);
		const now = performance.now();
		if (came !== count) [count, since] = [came, now];
		if (waiting.length === 0 || now > until || now - since > GRACE_MS) break;
		await delay(20);
	}
	// One that comes twice comes right behind the first.
	await delay(100);
}

/** The numbers that history has; undefined where it cannot be read. */
async function readStored(
	asker: Asker,
	channel: string,
	position: string,
	read: (event: unknown) => number | undefined,
): Promise<number[] | undefined> {
	const numbers: number[] = [];
	let after = position;
	try {
		for (;;) {
			const path = `/channels/${channel}/events?after=${after}&limit=${PAGE_EVENTS}`;
			const { status, json } = await asker.ask(path, { accept: 'application/json' });
			if (status !== 200 || !Array.isArray(json?.events)) return undefined;
			numbers.push(...json.events.map(read).filter((n: number | undefined) => n !== undefined));
			if (json.next === after) return numbers;
			after = String(json.next);
		}
	} catch (error) {
		if (error instanceof Unanswered) return undefined;
		throw error;
	}
}
