// What measurements mean: for each a finding, with what to do where something is wrong.
// Knows words and thresholds; never knows how anything is measured.
import { ERRORS } from '../protocol/errors.ts';
import { EARLY_S } from '../protocol/token.ts';
import { type Delivery, formatNumbers, type Latency } from './delivery.ts';
import type { Finding } from './findings.ts';
import type { Published } from './probe.ts';
import { formatMs } from './reach.ts';
import type { Refusal } from './readings.ts';

/** A clock that differs by more is told of, milliseconds; one that differs by more than tokens bear is wrong. */
const ODD_CLOCK_MS = 1000;
/** A way that takes so much longer than the best one, and several times as long, is held back somewhere; milliseconds. */
const HELD_MS = 500;
const HELD_TIMES = 4;

const BUFFERING =
	'Something on the way (a proxy, a CDN, a scanner) holds answers back until they end. Let it pass streams on: nginx: proxy_buffering off; and proxy_http_version 1.1; Apache: flushpackets=on.';
const UPGRADING =
	'Let the proxy pass WebSockets on: nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade"; Panels go on by server-sent events meanwhile.';
const SIGNING = "live-feed token --subject me --channels 'CHANNEL' --can read,publish --for 1h";

/** Why a request is refused, and what to do about it, for whoever asked for `channel`. */
export function explainRefusal(refusal: Refusal, channel: string, hasToken: boolean): [text: string, advice: string] {
	const { code = '', status, detail } = refusal;
	const sign = SIGNING.replace('CHANNEL', channel);
	switch (code) {
		case 'token-needed':
			return [
				'The relay asks for a token.',
				`Give one by LIVE_FEED_TOKEN or --token-file. Whoever has the secret signs it: ${sign}`,
			];
		case 'token-expired':
			return ['The token has expired.', `Get a new one: ${sign}`];
		case 'token-invalid':
			return [
				'The relay does not take the token.',
				'It is signed with another secret or key, or for another issuer or audience. Where the relay runs, live-feed token explain says which.',
			];
		case 'forbidden':
			return [
				`The token does not allow it: ${detail ?? ''}`,
				`It needs read and publish on ${channel}; or name a channel that it is for, with --channel.`,
			];
		case 'origin-refused':
			return [
				detail ?? 'The relay does not answer to this name.',
				'Set LIVE_FEED_ORIGINS where the relay runs, or call it by its address.',
			];
		case 'rate-limited':
		case 'relay-full':
		case 'overloaded':
			return [
				`The relay has had enough for now (${code}).`,
				'Try again in a minute; its LIVE_FEED_MAX_… settings say how much it takes.',
			];
		case 'storage-failed':
		case 'internal':
			return [`The relay itself fails (${code}).`, 'Look at its log, and at its disk: live-feed check, where it runs.'];
		case 'goaway':
			return ['The relay is about to stop.', 'Try again when it is back.'];
	}
	if (status === 502 || status === 503 || status === 504) {
		return [
			`A proxy answers ${status}: it does not reach the relay behind it.`,
			'Look whether the relay runs, and whether the proxy has its right address.',
		];
	}
	if (status !== undefined && status >= 300 && status < 400)
		return [`It leads elsewhere (${status}).`, 'Give the address that it leads to.'];
	if (status === 401 || status === 403 || status === 407) {
		const whose = hasToken ? ', with the token or without' : '';
		return [
			`Something before the relay answers ${status}${whose}.`,
			'It wants a password of its own, or blocks what it does not know.',
		];
	}
	if (status !== undefined)
		return [`The answer is ${status}, and none of a live-feed relay.`, 'Give the address of the relay itself.'];
	if (code === 'ETIMEDOUT')
		return ['No answer came in time.', 'Look at the load of the relay, and at what is between.'];
	return [
		`The connection ended (${code}${detail ? `: ${detail}` : ''}).`,
		'Look at the log of the relay, and of what is between.',
	];
}

/** `offsetMs`: how far the relay's clock is ahead of ours, give or take `uncertaintyMs`. */
export function judgeOffset(offsetMs: number, uncertaintyMs: number): Finding {
	const name = 'Clock';
	const surely = Math.max(0, Math.abs(offsetMs) - uncertaintyMs);
	const how = `${formatMs(Math.abs(offsetMs))} ${offsetMs < 0 ? 'behind' : 'ahead of'} ours (± ${formatMs(uncertaintyMs)})`;
	if (surely <= ODD_CLOCK_MS) return { name, standing: 'ok', text: `${how}.` };
	const text = `The relay’s clock is ${how}.`;
	const advice = 'Set the wrong one of the two (timedatectl set-ntp true): tokens begin and end by the relay’s clock.';
	return { name, standing: surely > EARLY_S * 1000 ? 'wrong' : 'warning', text, advice };
}

/** The one with the shortest way there and back tells best (RFC 5905, 8). `asked` and `answered` in milliseconds since 1970. */
export function estimateOffset(
	samples: readonly { asked: number; answered: number; time: number }[],
): { offsetMs: number; uncertaintyMs: number } | undefined {
	const [best] = [...samples].sort((a, b) => a.answered - a.asked - (b.answered - b.asked));
	if (!best) return undefined;
	return {
		offsetMs: best.time - (best.asked + best.answered) / 2,
		uncertaintyMs: (best.answered - best.asked) / 2,
	};
}

/** What a way of reading was like. */
export interface Way {
	name: string;
	delivery: Delivery;
	/** It was connected, or said to be. */
	isReady: boolean;
	firstByteMs: number | undefined;
	refusal: Refusal | undefined;
	/** Who was seen in between. */
	traces: string | undefined;
	/** The answer was compressed by somebody; the relay does not. */
	encoding: string | undefined;
}

/** `best`: of the way on which events took least. */
export function judgeWay(way: Way, best: Latency | undefined, channel: string, hasToken: boolean): Finding {
	const { name, delivery, refusal } = way;
	const { expected, received, lost, doubled, disordered, latency } = delivery;
	const suspects = way.traces === undefined ? '' : ` Seen in between: ${way.traces}.`;
	if (refusal && received < expected) {
		const [text, advice] = explainRefusal(refusal, channel, hasToken);
		const upgrade = name === 'WebSocket' && isUpgradeRefused(way);
		const after = received > 0 ? `Ended after ${received} of ${expected}. ` : '';
		return { name, standing: 'wrong', text: after + text, advice: (upgrade ? UPGRADING : advice) + suspects };
	}
	if (expected === 0) {
		return way.isReady
			? { name, standing: 'unknown', text: 'Connects; without events nothing more can be said.' }
			: { name, standing: 'wrong', text: 'Does not connect.', advice: BUFFERING + suspects };
	}
	if (received === 0) {
		const text = way.isReady
			? `Opens, and then nothing comes, though ${expected} events were published.`
			: `Not a byte came, though ${expected} events were published.`;
		const isSocket = name === 'WebSocket';
		return { name, standing: 'wrong', text, advice: (isSocket ? UPGRADING : BUFFERING) + suspects };
	}
	const faults = [
		...(lost.length > 0 ? [`${lost.length} lost (${formatNumbers(lost)})`] : []),
		...(doubled > 0 ? [`${doubled} came twice`] : []),
		...(disordered > 0 ? [`${disordered} out of order`] : []),
	];
	const times = latency ? `; ${formatLatency(latency)}` : '';
	if (faults.length > 0) {
		const text = `${received} of ${expected}: ${faults.join(', ')}${times}.`;
		const advice = `The relay sends each once and in order, so this happens on the way: go around what is between and look again.${suspects}`;
		return { name, standing: 'wrong', text, advice };
	}
	const text = `${received} of ${expected}, once and in order${times}.`;
	if (isHeld(way, best)) {
		const encoded =
			way.encoding === undefined ? '' : ` It also compresses the stream (${way.encoding}): turn that off.`;
		return {
			name,
			standing: 'wrong',
			text: `${text} They are held back on the way.`,
			advice: BUFFERING + encoded + suspects,
		};
	}
	if (way.encoding === undefined) return { name, standing: 'ok', text };
	const advice = `Whoever compresses a stream may hold it back. Turn it off for what is ${name === 'SSE' ? 'text/event-stream' : 'streamed'}.${suspects}`;
	return { name, standing: 'warning', text: `${text} Something on the way compresses it (${way.encoding}).`, advice };
}

/** Did something else than the relay end it, before the relay had said a word? An ordinary request for a socket's address is one that it cannot answer. */
function isUpgradeRefused({ firstByteMs, refusal: { code = '', status = 0 } = {} }: Way): boolean {
	const isRelays = Object.hasOwn(ERRORS, code) && code !== 'not-acceptable';
	return firstByteMs === undefined && !isRelays && status < 500;
}

function isHeld({ delivery: { latency }, firstByteMs }: Way, best: Latency | undefined): boolean {
	if (!latency || !best) return false;
	const isLate = latency.p50 > best.p50 * HELD_TIMES && latency.p50 > best.p50 + HELD_MS;
	return isLate || (firstByteMs !== undefined && firstByteMs > 10 * HELD_MS);
}

export function formatLatency({ p50, p95, p99 }: Latency): string {
	if (p99 >= 1000) return `p50 ${formatMs(p50)}, p95 ${formatMs(p95)}, p99 ${formatMs(p99)}`;
	const [low, high, most] = [p50, p95, p99].map((ms) => (ms < 10 ? ms.toFixed(1) : String(Math.round(ms))));
	return `p50 ${low}, p95 ${high}, p99 ${most} ms`;
}

/** What was published, and what the relay said to it. */
export function judgePublished(published: Published, events: number, channel: string, hasToken: boolean): Finding {
	const name = 'Publish';
	const { sent, roundTrips, refused, end, isIdempotent } = published;
	const final = refused.find(({ isRetryable }) => !isRetryable);
	if (final && end === 'refused') {
		const [text, advice] = explainRefusal(final, channel, hasToken);
		const after = sent.size > 0 ? `After ${sent.size} of ${events}: ` : '';
		return { name, standing: 'wrong', text: after + text, advice };
	}
	if (end === 'silence') {
		const text = `After ${sent.size} of ${events} nobody answers any more. ${refused.at(-1)?.detail ?? ''}`;
		const advice = 'Look whether the relay is still there, and at the network between.';
		return { name, standing: 'wrong', text: text.trim(), advice };
	}
	if (sent.size === 0) {
		const [text, advice] = explainRefusal(refused[0] ?? {}, channel, hasToken);
		return { name, standing: 'wrong', text, advice };
	}
	const sorted = [...roundTrips].sort((a, b) => a - b);
	const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
	const text = `${sent.size} of ${events} stored in ${formatMs(published.tookMs)}; a receipt takes ${formatMs(median)}.`;
	if (isIdempotent === false) {
		const advice =
			'A key that came again was stored again: something between repeats requests under other keys, or this is an old relay.';
		return { name, standing: 'wrong', text: `${text} A repeat was not noticed.`, advice };
	}
	return {
		name,
		standing: end === 'time' ? 'warning' : 'ok',
		text,
		...(end === 'time' ? { advice: 'See Limits.' } : {}),
	};
}

/** Refusals that pass: limits that were met. */
export function judgeLimits({ refused, sent, tookMs }: Published): Finding {
	const name = 'Limits';
	const met = refused.filter(({ isRetryable }) => isRetryable);
	if (met.length === 0) {
		const rate = Math.round(sent.size / (tookMs / 1000));
		return { name, standing: 'ok', text: `None was met, at ${rate} events a second.` };
	}
	const each = met.map(({ code, count, retryMs }) => {
		const wait = retryMs === undefined ? 'without saying for how long' : `for ${formatMs(retryMs)} at most`;
		return code === 'relay-unreachable' ? `${count} × no answer` : `${count} × ${code}, ${wait}`;
	});
	const isAway = met.some(({ code }) => code === 'relay-unreachable');
	const advice = isAway
		? 'Requests without an answer are tried again with their key, and stored once. Look at the network between.'
		: 'Publishers wait and lose nothing. LIVE_FEED_MAX_PUBLISHES and its kin say how much the relay takes in a minute.';
	return { name, standing: 'warning', text: `Refused ${each.join('; ')}.`, advice };
}

/** What the log has of the events with a receipt, in the order in which it has them. */
export function judgeStored(expected: readonly number[], stored: readonly number[]): Finding {
	const name = 'Stored';
	const lost = expected.filter((n) => !stored.includes(n));
	const isOrdered = stored.every((n, index) => index === 0 || n > (stored[index - 1] ?? 0));
	if (lost.length === 0 && isOrdered && stored.length === expected.length) {
		return { name, standing: 'ok', text: `History has all ${expected.length}, in order, each once.` };
	}
	const faults = [
		...(lost.length > 0 ? [`${lost.length} of ${expected.length} are not there (${formatNumbers(lost)})`] : []),
		...(stored.length > expected.length ? [`${stored.length - expected.length} are there twice`] : []),
		...(isOrdered ? [] : ['they are not in order']),
	];
	const advice =
		'A receipt is a promise. Unless somebody else removed them or LIVE_FEED_KEEP_ENTRIES is small, this is a fault of the relay: please report it.';
	return { name, standing: 'wrong', text: `Of events with a receipt, ${faults.join(', ')}.`, advice };
}
