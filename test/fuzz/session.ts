// One fuzzed socket from its handshake to its end: what was said, and whether each answer is the right one.
// Knows which answer belongs to which message; never knows why a message was chosen.
import fc from 'fast-check';
import { ERRORS, type ErrorCode } from '../../relay/protocol/errors.ts';
import { HEARTBEAT_MS } from '../../relay/protocol/limits.ts';
import { patience } from '../support/slowness.ts';
import { expand } from './drafts.ts';
import type { Histogram } from './histogram.ts';
import { type Item, item, REF, rightHello } from './messages.ts';
import { RawSocket } from './raw-socket.ts';
import { encodeFrame, TEXT } from './wire.ts';

/** All that happens on one socket, as plain data. */
export interface Conversation {
	channel: number;
	/** The hello that comes first; without one, publishes are refused. */
	opening: string | null;
	/** The first number that a publish gets. */
	firstRef: number;
	/** How the bytes leave: all at once, frame by frame, or cut anywhere. */
	sending: 'burst' | 'frames' | 'torn';
	items: Item[];
	ending: 'close' | 'reset' | 'half a frame';
}

export const conversation: fc.Arbitrary<Conversation> = fc.record({
	channel: fc.nat(7),
	opening: fc.option(rightHello, { freq: 8 }),
	firstRef: fc.constantFrom(5000, 2 ** 31, 2 ** 53 - 200_000),
	sending: fc.constantFrom('burst', 'burst', 'frames', 'torn'),
	items: fc.array(item, { minLength: 1, maxLength: 240, size: 'max' }),
	ending: fc.constantFrom('close', 'close', 'reset', 'half a frame'),
});

/** What all sockets together came to. */
export interface Tally {
	/** By what was done to a message and its kind. */
	sent: Histogram;
	/** By what the relay answered. */
	answered: Histogram;
	/** By message type: how many were taken. */
	taken: Histogram;
	/** By close code, and by how a socket was left. */
	closed: Histogram;
	/** Frames whose outcome is known. */
	judged: number;
	sockets: number;
	/** The longest that a socket waited for its first answer, milliseconds. */
	slowestMs: number;
}

export interface Target {
	port: number;
	/** More lines for a handshake. */
	headers?: string[];
	channelPrefix: string;
}

const PATIENCE_MS = patience(60_000);
/** Beyond the numbers of publishes. */
const FENCE_REF = 2 ** 53 - 100_000;
const TAKEN = ['receipt', 'welcome', 'pong', 'silence'];
/** All that a relay's message has; anything more is inherited or internal. */
const FIELDS: Record<string, string[]> = {
	error: ['type', 'ref', 'code', 'message', 'retryable', 'retryMs', 'event'],
	pong: ['type', 'time', 'position', 'returnMs'],
	welcome: [
		...[
			'type',
			'protocol',
			'epoch',
			'first',
			'last',
			'after',
			'recovered',
			'missing',
			'types',
			'time',
			'pulse',
			'own',
			'status',
			'refresh',
		],
		...['returnMs', 'ref', 'expires', 'subject'],
	],
	receipts: ['type', 'receipts'],
	goaway: ['type', 'returnMs'],
};
const INTERNALS =
	/\bat .{1,200}:\d+:\d+|TypeError|RangeError|ReferenceError|SyntaxError|node_modules|\.ts\b|workerd|kj\//;

interface Message {
	type: string;
	ref?: number;
	code?: string;
	message?: string;
	retryable?: boolean;
	returnMs?: number;
	receipts?: { ref: number }[];
}

/** Speaks a conversation. @throws Error that says which answer is not the right one */
export async function converse(target: Target, told: Conversation, tally: Tally): Promise<void> {
	const run = new Run(told, tally);
	const socket = await RawSocket.connect({
		port: target.port,
		path: `/channels/${target.channelPrefix}${told.channel}/events`,
		headers: target.headers ?? [],
		onText: (text) => run.read(text),
		onClose: (code) => run.end(code),
	});
	tally.sockets++;
	let timer: NodeJS.Timeout | undefined;
	try {
		send(socket, run.write(), told.sending);
		const late = new Promise<never>((_, reject) => {
			timer = setTimeout(() => reject(new Error(run.whatIsMissing())), PATIENCE_MS);
		});
		await Promise.race([run.done, late]);
		run.count();
	} finally {
		clearTimeout(timer);
		leave(socket, told.ending, tally);
	}
}

function send(socket: RawSocket, frames: Buffer[], sending: Conversation['sending']): void {
	if (sending === 'frames') for (const frame of frames) socket.write(frame);
	else if (sending === 'burst') socket.write(Buffer.concat(frames));
	else {
		const bytes = Buffer.concat(frames);
		// Pieces of odd sizes, so that frames and their heads are cut anywhere.
		for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 7 + 3) % 1999)
			socket.write(bytes.subarray(at, at + size));
	}
}

function leave(socket: RawSocket, ending: Conversation['ending'], tally: Tally): void {
	if (socket.isOver) return;
	tally.closed.add(`left by ${ending}`);
	if (ending === 'close') {
		socket.close();
		return;
	}
	if (ending === 'half a frame')
		socket.write(encodeFrame({ opcode: TEXT, payload: Buffer.alloc(200), mask: 5 }).subarray(0, 100));
	socket.reset();
}

/** One of the conversation's items on its way. */
interface Sent {
	item: Item;
	/** The number in it, where it has one. */
	ref: number | undefined;
	expect: string[];
	outcome?: string;
}

class Run {
	readonly #told: Conversation;
	readonly #tally: Tally;
	readonly #sent: Sent[] = [];
	readonly #byRef = new Map<number, Sent>();
	/** What is answered in order, by the fence after it: a refusal that has a number of its own. */
	readonly #order: (Sent | { fence: number })[] = [];
	#nextInOrder = 0;
	readonly #began = performance.now();
	#greetings: Sent[] = [];
	readonly #last = { fence: -1, hello: -1, publish: -1 };
	#isWelcome = false;
	#isSettled = false;
	#mayEnd: string[] = [];
	#lastCode: string | undefined;
	readonly #start = performance.now();
	#answers = 0;
	#closeCode: number | undefined;
	#resolve: () => void = () => {};
	#reject: (error: Error) => void = () => {};
	readonly done: Promise<void>;

	constructor(told: Conversation, tally: Tally) {
		this.#told = told;
		this.#tally = tally;
		this.done = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		this.done.catch(() => {}); // it may fail before anybody waits for it
	}

	/** The frames of all that is said. */
	write(): Buffer[] {
		const { opening, items } = this.#told;
		const frames: Buffer[] = [];
		let [ref, fence] = [this.#told.firstRef, FENCE_REF];
		let hasGreeted: boolean | undefined = opening !== null; // undefined where a message of chance may have done it
		const say = (text: string) => frames.push(encodeFrame({ opcode: TEXT, payload: Buffer.from(text), mask: 0 }));
		const fenceOff = () => {
			this.#order.push({ fence: ++fence });
			say(`{"type":"publish","ref":${fence},"draft":{}}`);
		};
		if (opening !== null) say(opening);
		let sinceFence = 0;
		for (const item of items) {
			const { route } = item;
			let { expect } = item;
			const number = item.text?.includes(REF) ? ref++ : undefined;
			if (route === 'welcome') hasGreeted = true;
			if (route === 'ref' && expect.includes('receipt') && hasGreeted !== true)
				expect = hasGreeted === false ? ['hello-expected'] : [...expect, 'hello-expected'];
			const sent: Sent = { item, ref: number, expect };
			this.#sent.push(sent);
			if (number !== undefined && route !== 'order') this.#byRef.set(number, sent);
			if (route === 'order' || route === 'unknown') this.#order.push(sent);
			frames.push(encodeItem(item, number));
			if (item.isLast) {
				this.#mayEnd = expect;
				return frames;
			}
			if (route === 'unknown') hasGreeted ||= undefined;
			if (route === 'unknown' || ++sinceFence >= 50) {
				fenceOff();
				sinceFence = 0;
			}
		}
		fenceOff();
		this.#last.fence = fence;
		this.#last.hello = ++fence;
		this.#last.publish = ++fence;
		say(`{"type":"hello","protocol":1,"ref":${this.#last.hello},"history":0,"types":["none"]}`);
		say(`{"type":"publish","ref":${this.#last.publish},"draft":{"type":"end"}}`);
		return frames;
	}

	/** One message of the relay. */
	read(text: string): void {
		if (text.startsWith('{"type":"entries"')) return; // those who look at entries are innocent
		if (++this.#answers === 1) {
			this.#tally.slowestMs = Math.max(this.#tally.slowestMs, performance.now() - this.#start);
		}
		try {
			this.#take(JSON.parse(text) as Message, text);
			if (this.#last.fence > 0 && this.#isWelcome && this.#isSettled) this.#resolve();
		} catch (error) {
			this.#reject(error as Error);
		}
	}

	/** The relay's side is closed, or cut off. */
	end(code: number): void {
		this.#closeCode = code;
		const said = this.#lastCode as ErrorCode | undefined;
		const wanted = said === undefined ? undefined : ERRORS[said]?.close;
		if (wanted === code) this.#resolve();
		else
			this.#reject(
				new Error(`closed with ${code} after ${said ?? 'no error'}, which closes with ${wanted ?? 'nothing'}`),
			);
	}

	whatIsMissing(): string {
		const next = this.#order[this.#nextInOrder];
		const waiting = this.#sent.filter(({ item, outcome }) => item.route === 'ref' && outcome === undefined);
		const about = next === undefined ? 'nothing in order' : 'fence' in next ? `fence ${next.fence}` : next.item.text;
		return `no answer: waits for ${about}, for ${waiting.length} of its publishes, welcome ${this.#isWelcome}, settled ${this.#isSettled}`;
	}

	/** Adds up what came of each; only what the relay has given an outcome counts. */
	count(): void {
		const isCut = this.#closeCode !== undefined;
		const reached = isCut ? this.#order[this.#nextInOrder - 1] : undefined;
		const upTo = reached === undefined || 'fence' in reached ? -1 : this.#sent.indexOf(reached);
		for (const [index, sent] of this.#sent.entries()) {
			const { item, outcome } = sent;
			const isSilent = outcome === undefined && item.route !== 'ref' && item.route !== 'order';
			// Of a socket that was closed, what was not answered may not have been read.
			if (isCut && outcome === undefined && index >= upTo) continue;
			if (outcome === undefined && !isSilent) continue;
			const what = outcome ?? 'silence';
			this.#tally.judged++;
			this.#tally.sent.add(item.what === 'valid' ? `valid ${item.type}` : item.what);
			this.#tally.answered.add(what);
			if (TAKEN.includes(what)) this.#tally.taken.add(item.type);
		}
		if (isCut) this.#tally.closed.add(`closed with ${this.#closeCode}`);
	}

	#take(message: Message, text: string): void {
		const known = FIELDS[message.type];
		const strange = Object.keys(message).filter((name) => !known?.includes(name));
		if (!known || strange.length > 0) throw new Error(`the relay said ${text.slice(0, 300)}`);
		switch (message.type) {
			case 'receipts':
				for (const { ref } of message.receipts ?? []) this.#settle(ref, 'receipt');
				return;
			case 'welcome':
				if (message.ref === this.#last.hello) this.#isWelcome = true;
				else this.#greet();
				return;
			case 'pong':
				if (message.returnMs === undefined && !this.#isAssurance()) this.#takeInOrder('pong');
				return;
			case 'error':
				this.#refuse(message, text);
				return;
			default:
				throw new Error(`the relay said ${text.slice(0, 300)}`);
		}
	}

	/** On a busy machine a conversation lasts so long that the relay says by itself that it is there. */
	#isAssurance(): boolean {
		const next = this.#order[this.#nextInOrder];
		const isAwaited = next !== undefined && !('fence' in next) && next.expect.includes('pong');
		return !isAwaited && performance.now() - this.#began >= HEARTBEAT_MS;
	}

	#refuse({ code = '', ref, message = '', retryable }: Message, text: string): void {
		const row = Object.hasOwn(ERRORS, code) ? ERRORS[code as ErrorCode] : undefined; // its own key
		if (!row || row.retryable !== retryable || INTERNALS.test(message))
			throw new Error(`an error of no known kind: ${text.slice(0, 500)}`);
		if (code === 'internal' || code === 'storage-failed') throw new Error(`a fault: ${text.slice(0, 500)}`);
		this.#lastCode = code;
		// The engine's clock stands still while it is busy, and then time is over before a hello can be passed on.
		if (code === 'hello-timeout' && this.#answers === 1) {
			this.#tally.closed.add('too late for its hello, on a busy machine');
			return; // the close follows
		}
		if (ref === undefined) this.#takeInOrder(code);
		else if (ref > FENCE_REF && ref <= FENCE_REF + 1000 && ref !== this.#last.publish) this.#reachFence(ref, code);
		else this.#settle(ref, code);
	}

	#settle(ref: number, outcome: string): void {
		if (ref === this.#last.publish) {
			if (outcome !== 'receipt') throw new Error(`the last publish: ${outcome}`);
			this.#isSettled = true;
			return;
		}
		const sent = this.#byRef.get(ref) ?? this.#findUnknown();
		if (!sent) throw new Error(`${outcome} for ref ${ref}, which was not used`);
		if (sent.outcome !== undefined && sent.item.route === 'ref')
			throw new Error(`a second answer to ref ${ref}: ${outcome} after ${sent.outcome}`);
		this.#judge(sent, outcome);
	}

	/** A message of chance may have any number at all. */
	#findUnknown(): Sent | undefined {
		return this.#sent.find(({ item, outcome }) => item.route === 'unknown' && outcome === undefined);
	}

	#greet(): void {
		if (this.#greetings.length === 0) this.#greetings = this.#sent.filter(({ item }) => item.route === 'welcome');
		const next = this.#greetings.find(({ outcome }) => outcome === undefined);
		if (next) next.outcome = 'welcome';
	}

	#takeInOrder(outcome: string): void {
		const next = this.#order[this.#nextInOrder];
		if (next === undefined || 'fence' in next) {
			const said = this.#sent.findLast(({ item }) => item.route === 'unknown');
			throw new Error(
				`${outcome} where nothing was to come, ${next ? `before fence ${next.fence}` : 'at the end'}; the last message of chance: ${said?.item.text}`,
			);
		}
		this.#nextInOrder++;
		this.#judge(next, outcome);
	}

	#reachFence(ref: number, code: string): void {
		if (code !== 'invalid-event') throw new Error(`an empty draft was ${code}`);
		for (;;) {
			const next = this.#order[this.#nextInOrder++];
			if (next === undefined) throw new Error(`fence ${ref} came twice`);
			if ('fence' in next) {
				if (next.fence !== ref) throw new Error(`fence ${ref} came instead of ${next.fence}`);
				return;
			}
			// Who takes in silence says nothing before the fence.
			if (next.item.route === 'order')
				throw new Error(`no answer to ${next.item.text ?? next.item.base64}, expected ${next.expect}`);
		}
	}

	#judge(sent: Sent, outcome: string): void {
		sent.outcome = outcome;
		const { item, expect } = sent;
		if (expect.length > 0 && !expect.includes(outcome)) {
			throw new Error(
				`${outcome} instead of ${expect.join(' or ')} for ${item.what}: ${(item.text ?? item.base64 ?? '').slice(0, 500)}`,
			);
		}
		if (item.isLast && this.#mayEnd.length === 0) throw new Error('the end came too early');
	}
}

function encodeItem({ text, base64, opcode = TEXT, pieces = 1, mask = 0 }: Item, ref: number | undefined): Buffer {
	const payload =
		text === undefined
			? Buffer.from(base64 ?? '', 'base64')
			: Buffer.from(expand(ref === undefined ? text : text.replaceAll(REF, String(ref))));
	if (pieces === 1) return encodeFrame({ opcode, payload, mask });
	const size = Math.ceil(payload.length / pieces) || 1;
	const frames = Array.from({ length: pieces }, (_, index) =>
		encodeFrame({
			...{ opcode: index === 0 ? opcode : 0, payload: payload.subarray(index * size, (index + 1) * size) },
			...{ isFinal: index === pieces - 1, mask },
		}),
	);
	return Buffer.concat(frames);
}
