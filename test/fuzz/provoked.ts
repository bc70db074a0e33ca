// What nobody reaches by chance: limits, time and disks that fail, each provoked for real on a relay of its own.
// Knows how each comes about; never knows how it is found.
import { setTimeout as delay } from 'node:timers/promises';
import { chooseEngine } from '../../relay/run/engine.ts';
import { until } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { patience } from '../support/slowness.ts';
import { HOST } from './host.ts';
import { RawSocket } from './raw-socket.ts';
import type { Tokens } from './tokens.ts';
import { encodeFrame, TEXT } from './wire.ts';

/** Codes that nothing but the client says, and the test that reaches each. */
export const SAID_BY_CLIENTS: Record<string, string> = {
	'relay-unreachable': 'test/browser/element.test.ts',
	'mixed-content': 'test/e2e/mixed-content.test.ts',
	'no-channel': 'test/browser/element.test.ts',
	'no-relay': 'test/browser/element.test.ts',
	'outbox-full': 'test/browser/outbox.test.ts',
	'too-many-connections': 'test/e2e/many-channels.test.ts',
	cancelled: 'test/browser/element.test.ts',
	closed: 'test/browser/outbox.test.ts',
	'not-kept': 'none by its name',
	'token-unavailable': 'none by its name',
};

interface Said {
	type: string;
	code?: string;
	ref?: number;
	retryable?: boolean;
	retryMs?: number;
	receipts?: { id: string }[];
}

/** A socket, what it was told, and what it was closed with. */
async function open(port: number, channel: string, confirms = true) {
	const told: Said[] = [];
	const state = { closedWith: 0 };
	const socket = await RawSocket.connect({
		port,
		path: `/channels/${channel}/events`,
		onText: (text) => told.push(JSON.parse(text) as Said),
		onClose: (code) => {
			state.closedWith = code;
		},
	});
	socket.confirms = confirms;
	const codes = () => told.flatMap(({ code }) => (code === undefined ? [] : [code]));
	return { socket, told, state, codes };
}

/** Each code, and a sentence where it was not reached as it should be. */
export type Provoked = Map<string, string | undefined>;

/** Limits, on a relay that allows next to nothing. */
export async function provokeLimits(tokens: Tokens, log: (line: string) => void): Promise<Provoked> {
	const vars = { ...tokens.vars, LIVE_FEED_MAX_PUBLISHES: '5', LIVE_FEED_MAX_CONNECTIONS: '3' };
	const relay = await startRelay({ vars, log, root: HOST });
	const port = relay.engine?.port ?? 0;
	const found: Provoked = new Map();
	const sockets: { socket: RawSocket }[] = [];
	try {
		const one = await open(port, 'fuzz-0');
		sockets.push(one);
		one.socket.say({ type: 'hello', protocol: 1, token: tokens.good });
		for (let ref = 1; ref <= 8; ref++) one.socket.say({ type: 'publish', ref, draft: { text: 'a' } });
		const isLimited = await until(() => one.codes().includes('rate-limited'), 10_000);
		const error = one.told.find(({ code }) => code === 'rate-limited');
		const isRight = isLimited && error?.retryable === true && (error.retryMs ?? 0) > 0 && one.state.closedWith === 0;
		found.set('rate-limited', isRight ? undefined : `not on a socket: ${JSON.stringify(one.told.slice(-3))}`);
		const headers = { authorization: `Bearer ${tokens.good}` };
		const answer = await fetch(`${relay.url}/channels/fuzz-0/events`, { method: 'POST', headers, body: 'a' });
		if (answer.status !== 429 || !Number(answer.headers.get('retry-after')))
			found.set('rate-limited', `not by a request: ${answer.status}`);
		await answer.arrayBuffer();
		for (let count = 0; count < 4; count++) {
			const more = await open(port, `fuzz-${count}`);
			sockets.push(more);
			more.socket.say({ type: 'hello', protocol: 1, token: tokens.good });
			if (count < 3) continue;
			const isFull = await until(() => more.codes().includes('relay-full') && more.state.closedWith === 4529, 10_000);
			found.set(
				'relay-full',
				isFull ? undefined : `a fifth socket was told ${JSON.stringify(more.told)}, ${more.state.closedWith}`,
			);
		}
	} finally {
		for (const { socket } of sockets) socket.reset();
		await relay.stop();
	}
	return found;
}

const text = (message: object) => encodeFrame({ opcode: TEXT, payload: Buffer.from(JSON.stringify(message)), mask: 0 });

/** What comes of time and of load, on the relay that is fuzzed. */
export async function provokeLoad(port: number): Promise<Provoked> {
	const found: Provoked = new Map();
	const silent = await open(port, 'silent');
	const slow = await open(port, 'slow', false);
	slow.socket.say({ type: 'hello', protocol: 1 });
	// Where the engine says what it holds, what a socket does not read counts, beyond the buffers of the kernel; elsewhere what it
	// does not confirm.
	const isHeld = chooseEngine() === 'workerd';
	if (isHeld) slow.socket.stopReading();
	for (let count = 0; count < (isHeld ? 80_000 : 9000); count++) slow.socket.write(text({ type: 'what' }));
	if (isHeld) await delay(patience(5000));
	slow.socket.readOn();
	const isSlow = await until(() => slow.codes().includes('too-slow') && slow.state.closedWith === 4429, 20_000);
	found.set('too-slow', isSlow ? undefined : `not told: ${slow.codes().at(-1)}, closed with ${slow.state.closedWith}`);
	const big = await open(port, 'big');
	big.socket.say({ type: 'hello', protocol: 1, types: ['none'] });
	for (let ref = 1; ref <= 1200; ref++)
		big.socket.write(text({ type: 'publish', ref, draft: { text: 'a', data: 'x'.repeat(30_000) } }));
	await until(() => big.codes().includes('out-of-order'), 20_000);
	for (const code of ['overloaded', 'out-of-order'])
		found.set(code, big.codes().includes(code) ? undefined : `not told among ${big.told.length} answers`);
	const liked = await open(port, 'liked');
	liked.socket.say({ type: 'hello', protocol: 1 });
	liked.socket.say({ type: 'publish', ref: 1, draft: { text: 'a' } });
	const idOf = () => liked.told.find(({ receipts }) => receipts)?.receipts?.[0]?.id;
	await until(() => idOf() !== undefined, 10_000);
	for (let ref = 2; ref <= 22; ref++)
		liked.socket.say({ type: 'publish', ref, draft: { target: idOf(), reaction: `sign-${ref}` } });
	const isMuch = await until(() => liked.codes().includes('too-many-reactions'), 10_000);
	found.set('too-many-reactions', isMuch && liked.state.closedWith === 0 ? undefined : `not told: ${liked.codes()}`);
	const isLate = await until(
		() => silent.codes().includes('hello-timeout') && silent.state.closedWith === 4408,
		15_000,
	);
	found.set(
		'hello-timeout',
		isLate ? undefined : `not told: ${JSON.stringify(silent.told)}, ${silent.state.closedWith}`,
	);
	for (const { socket } of [silent, slow, big, liked]) socket.reset();
	return found;
}

/** An engine that fails: the one thing that is put in the relay's way, since no test breaks a disk. */
export async function provokeFaults(): Promise<{ found: Provoked; faults: number }> {
	let faults = 0;
	const relay = await startRelay({
		vars: {},
		log: (line) => {
			if (line.includes('"level":"error"')) faults++;
		},
		root: HOST,
	});
	const found: Provoked = new Map();
	try {
		for (const [code, path, status] of [
			['storage-failed', '/channels/no-disk/events', 503],
			['internal', '/channels/no-settings/events', 500],
		] as const) {
			const answer = await fetch(relay.url + path);
			const problem = (await answer.json()) as { code?: string; detail?: string };
			const isRight =
				answer.status === status && problem.code === code && !/\bat .*:\d|Error|fuzzed/.test(problem.detail ?? '');
			found.set(code, isRight ? undefined : `${answer.status} ${JSON.stringify(problem)}`);
		}
	} finally {
		await relay.stop();
	}
	return { found, faults };
}
