// Somebody comes with a token, on a socket or by a request, does something, and may come with another one.
// Knows what each token is worth by its table; never knows how tokens are made.
import fc from 'fast-check';
import { patience } from '../support/slowness.ts';
import { type AskTally, ask } from './asking.ts';
import type { RawClient } from './raw-request.ts';
import { RawSocket } from './raw-socket.ts';
import type { Tally, Target } from './session.ts';
import type { Credential } from './tokens.ts';

export interface Visit {
	channel: number;
	first: Credential;
	/** A later hello brings it; nothing where there is none. */
	second: Credential | undefined;
	/** Nothing but the draft is wrong. */
	isWrong: boolean;
}

export function createVisits(credentials: readonly Credential[]): fc.Arbitrary<Visit> {
	const [good] = credentials as [Credential];
	const any = fc.constantFrom(...credentials);
	return fc.record({
		channel: fc.nat(7),
		first: fc.oneof(any, fc.constant(good)),
		second: fc.option(any, { nil: undefined }),
		isWrong: fc.boolean(),
	});
}

interface Answer {
	type: string;
	ref?: number;
	code?: string;
	receipts?: { ref: number }[];
}

const CLOSES: Record<string, number> = {
	'token-needed': 4401,
	'token-invalid': 4401,
	'token-expired': 4401,
	forbidden: 4403,
};
const PATIENCE_MS = patience(20_000);

/** What is said, and what is to come of it in that order; the last may be the end. */
function plan({ first, second, isWrong }: Visit): { frames: object[]; expected: string[] } {
	const frames: object[] = [];
	const expected: string[] = [];
	let current = first;
	for (const [index, credential] of [first, ...(second ? [second] : [])].entries()) {
		const { token } = credential;
		frames.push({
			type: 'hello',
			protocol: 1,
			history: 0,
			types: ['none'],
			ref: index + 1,
			...(token === undefined ? {} : { token }),
		});
		// A hello that brings no token keeps what an earlier one has proved.
		if (index === 0 || token !== undefined) current = credential;
		if (current.hello !== undefined) {
			expected.push(current.hello);
			return { frames, expected };
		}
		expected.push('welcome');
		const ref = 10 + index;
		frames.push({ type: 'publish', ref, draft: isWrong ? { text: 5 } : { text: 'a' } });
		expected.push(isWrong ? 'invalid-event' : (current.publish ?? 'receipt'));
	}
	return { frames, expected };
}

/** One visit by socket. @throws Error that says what came instead */
export async function visit(target: Target, given: Visit, tally: Tally): Promise<void> {
	const { frames, expected } = plan(given);
	const came: string[] = [];
	let closedWith: number | undefined;
	let wake: () => void = () => {};
	const socket = await RawSocket.connect({
		port: target.port,
		path: `/channels/${target.channelPrefix}${given.channel}/events`,
		onText: (text) => {
			const { type, code, receipts } = JSON.parse(text) as Answer;
			if (type === 'error') came.push(code ?? '');
			else if (type === 'receipts') for (const _ of receipts ?? []) came.push('receipt');
			else if (type !== 'entries') came.push(type);
			wake();
		},
		onClose: (code) => {
			closedWith = code;
			wake();
		},
	});
	tally.sockets++;
	const wanted = CLOSES[expected.at(-1) ?? ''];
	// A draft that is refused ends nothing.
	const ends = wanted !== undefined && 'protocol' in (frames.at(-1) ?? {});
	// One after the other, so that an answer has its place in the order.
	try {
		for (const [index, frame] of frames.entries()) {
			socket.say(frame);
			const deadline = AbortSignal.timeout(PATIENCE_MS);
			while (came.length <= index && closedWith === undefined) await next(deadline);
			if (came[index] !== expected[index])
				throw new Error(`${came[index] ?? `a close with ${closedWith}`} instead of ${expected[index]}`);
			tally.judged++;
			tally.sent.add(index === 0 ? `token ${given.first.kind}` : 'after a token');
			tally.answered.add(came[index] as string);
			if (came[index] === 'welcome') tally.taken.add('hello');
			if (came[index] === 'receipt') tally.taken.add('publish');
		}
		if (ends) {
			const deadline = AbortSignal.timeout(PATIENCE_MS);
			while (closedWith === undefined) await next(deadline);
			if (closedWith !== wanted) throw new Error(`closed with ${closedWith} instead of ${wanted}`);
			tally.closed.add(`closed with ${closedWith}`);
		}
	} catch (error) {
		const about = `${given.first.kind}, then ${given.second?.kind ?? 'no other'}`;
		throw new Error(
			`a socket whose token is ${about}: ${error instanceof Error ? error.message : error}; ${came} came, ${expected} was to come`,
		);
	} finally {
		socket.reset();
	}

	function next(deadline: AbortSignal): Promise<void> {
		return new Promise((resolve, reject) => {
			wake = resolve;
			deadline.addEventListener('abort', () => reject(new Error('nothing came')), { once: true });
		});
	}
}

/** The same by requests: one that reads, one that publishes. */
export async function call(
	client: RawClient,
	host: string,
	{ channel, first, isWrong }: Visit,
	tally: AskTally,
): Promise<void> {
	const path = `/channels/fuzz-${channel}/events`;
	const headers: [string, string][] = first.token === undefined ? [] : [['Authorization', `Bearer ${first.token}`]];
	const body = isWrong ? '{"text":5}' : '{"text":"a"}';
	const wrong = first.publish ?? (isWrong ? 'invalid-event' : '201');
	try {
		await ask(
			client,
			host,
			{ what: 'token, read', method: 'GET', path, headers, expect: [first.read ?? '200'] },
			tally,
		);
		await ask(
			client,
			host,
			{
				what: 'token, publish',
				method: 'POST',
				path,
				headers: [...headers, ['Content-Type', 'application/json']],
				body,
				expect: [wrong],
			},
			tally,
		);
	} catch (error) {
		throw new Error(`a request whose token is ${first.kind}: ${error instanceof Error ? error.message : error}`);
	}
}
