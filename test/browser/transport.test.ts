// What every transport keeps, in a real browser against a real relay: one suite for all of them.
import { expect } from 'chai';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import { parseRelayMessage, type RelayMessage, type Welcome } from '../../relay/protocol/relay-message.ts';
import { createEventStream } from '../../widget/client/event-stream.ts';
import { createLongPoll } from '../../widget/client/long-poll.ts';
import type { CreateTransport, Transport } from '../../widget/client/transport.ts';
import { createWebSocket } from '../../widget/client/websocket.ts';
import { killRelay, relayUrl, restartRelay } from '../support/relay-in-browser.ts';
import { newChannel, post, until } from './page.ts';

/** A transport with what it said so far. */
class Line {
	readonly messages: RelayMessage[] = [];
	readonly closes: { code: number; reason: string }[] = [];
	opens = 0;
	readonly transport: Transport;
	#hellos = 0;

	constructor(create: CreateTransport, channel: string) {
		this.transport = create(`${relayUrl}/channels/${channel}/events`, {
			onOpen: () => this.opens++,
			onMessage: (text) => {
				const message = parseRelayMessage(text);
				if (message) this.messages.push(message);
			},
			onClose: (code, reason) => this.closes.push({ code, reason }),
		});
	}

	async open(): Promise<this> {
		const before = this.opens;
		this.transport.open();
		await until(() => this.opens > before, 'open');
		return this;
	}

	say(message: object): boolean {
		return this.transport.send(JSON.stringify(message));
	}

	/** Says hello and answers the welcome. */
	async hello(fields: object = {}): Promise<Welcome> {
		const ref = ++this.#hellos;
		this.say({ type: 'hello', protocol: 1, ref, ...fields });
		return until(
			() => this.of('welcome').find((welcome) => welcome.ref === ref),
			`welcome ${ref}: ${JSON.stringify(this.closes)}`,
		);
	}

	of<T extends RelayMessage['type']>(type: T): Extract<RelayMessage, { type: T }>[] {
		return this.messages.filter((message): message is Extract<RelayMessage, { type: T }> => message.type === type);
	}

	get events(): FeedEvent[] {
		return this.of('entries').flatMap(({ entries }) => entries);
	}

	get seqs(): number[] {
		return this.events.map(({ seq }) => seq);
	}

	/** The `seq` up to which everything has been said. */
	get covered(): number {
		return this.of('entries').at(-1)?.to ?? this.of('welcome').at(-1)?.after ?? 0;
	}
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const texts = (count: number) => range(1, count).map((n) => ({ text: `text ${n}` }));

const transports: [string, CreateTransport][] = [
	['a WebSocket', createWebSocket],
	['an event stream', createEventStream],
	['long polling', createLongPoll],
];

describe('the relay by a WebSocket whose frames are deflated', () => {
	it('[DEFL2] deals with all that comes in its order, also with what is small and comes while it inflates', async () => {
		const channel = newChannel();
		const large = (count: number) => Array.from({ length: count }, () => ({ text: 'lorem ipsum '.repeat(300) }));
		await post(channel, large(60));
		const line = await new Line(createWebSocket, channel).open();
		await line.hello({ inflate: true });
		for (let n = 0; n < 10; n++) {
			await post(channel, large(n % 2 === 0 ? 30 : 1));
			await post(channel, { text: 'little' });
			line.say({ type: 'ping', position: true });
		}
		await until(() => line.covered === 225 && line.of('pong').length === 10, 'everything');
		expect(line.seqs).to.deep.equal(range(11, 225)); // 50 of history
		// A pong says up to where everything was sent before it.
		let covered = '';
		for (const message of line.messages) {
			if (message.type === 'entries') covered = `${message.epoch}:${message.to}`;
			if (message.type === 'pong') expect(message.position).to.equal(covered);
		}
		line.transport.close();
		expect(line.closes).to.deep.equal([]);
	});
});

for (const [name, create] of transports) {
	describe(`the relay by ${name}`, () => {
		const lines: Line[] = [];
		const dial = (channel: string) => {
			const line = new Line(create, channel);
			lines.push(line);
			return line.open();
		};
		afterEach(() => {
			for (const { transport } of lines.splice(0)) transport.close();
		});

		it('begins with a welcome, then history, then what is published', async () => {
			const channel = newChannel();
			await post(channel, texts(3));
			const line = await dial(channel);
			const welcome = await line.hello();
			expect(welcome.epoch).to.match(/^[a-z0-9]+$/);
			expect(welcome).to.include({ first: 1, last: 3, after: 0, recovered: true, protocol: 1 });
			expect(welcome.pulse.counts.info?.at(-1) ?? welcome.pulse.counts.info?.at(-2)).to.equal(3);
			expect(welcome.returnMs).to.be.within(1000, 15_000);
			expect(Math.abs(welcome.time - Date.now())).to.be.lessThan(60_000);
			await until(() => line.seqs.length === 3, 'history');
			await post(channel, { text: 'live' });
			await until(() => line.seqs.length === 4, 'what is live');
			expect(line.seqs).to.deep.equal([1, 2, 3, 4]);
			expect(line.events.at(-1)).to.include({ text: 'live', type: 'message' });
			expect(line.messages[0]?.type).to.equal('welcome');
		});

		it('begins in a channel to which nothing was published, and is there for its first event', async () => {
			const channel = newChannel();
			const line = await dial(channel);
			expect(await line.hello()).to.include({ epoch: '-', first: 0, last: 0, after: 0, recovered: true });
			await post(channel, { text: 'the first' });
			await until(() => line.seqs.length === 1, 'the first event');
			expect(line.of('entries').at(-1)).to.include({ from: 1, to: 1 });
			expect(line.of('entries').at(-1)?.epoch).to.equal(line.events[0]?.id.split(':')[0]);
		});

		it('frames cover every seq once, whatever comes while it is read', async () => {
			const channel = newChannel();
			await post(channel, texts(1200));
			const line = await dial(channel);
			const [welcome] = await Promise.all([line.hello({ history: 1000 }), post(channel, texts(500))]);
			await until(() => line.covered === 1700, 'everything');
			expect(line.seqs).to.deep.equal(range(welcome.after + 1, 1700));
			let covered = welcome.after;
			for (const { from, to } of line.of('entries')) {
				expect(from).to.be.at.most(covered + 1);
				covered = to;
			}
		});

		it('resumes after a position, and says so', async () => {
			const channel = newChannel();
			await post(channel, texts(5));
			const line = await dial(channel);
			const { epoch } = await line.hello({ history: 0 });
			expect(line.seqs).to.deep.equal([]);
			const resumed = await dial(channel);
			expect(await resumed.hello({ position: `${epoch}:2` })).to.include({ after: 2, recovered: true });
			await until(() => resumed.covered === 5, 'the rest');
			expect(resumed.seqs).to.deep.equal([3, 4, 5]);
		});

		it('says that another log has begun, or this one has lost its end', async () => {
			const channel = newChannel();
			await post(channel, texts(2));
			for (const lost of [() => 'zzz:7', (epoch: string) => `${epoch}:9`]) {
				const line = await dial(channel);
				const { epoch } = await line.hello({ history: 0 });
				const welcome = await line.hello({ position: lost(epoch) });
				expect(welcome).to.include({ epoch, after: 0, recovered: false });
				expect(welcome.missing).to.equal(undefined);
				await until(() => line.covered === 2, 'all that is kept');
			}
		});

		it('brings the types that are asked for, and another hello asks for others', async () => {
			const channel = newChannel();
			const draft = (type: string) => ({ type, text: type });
			await post(channel, [draft('a.one'), draft('b'), draft('a.two')]);
			const line = await dial(channel);
			await line.hello({ types: ['a.*'] });
			await until(() => line.events.length === 2, 'both');
			await post(channel, [draft('b'), draft('a.three')]);
			await until(() => line.events.length === 3, 'the live one');
			expect(line.events.map(({ type }) => type)).to.deep.equal(['a.one', 'a.two', 'a.three']);
			const { epoch } = await line.hello({ types: ['b'], position: `${line.of('welcome')[0]?.epoch}:0` });
			expect(epoch).to.equal(line.of('welcome')[0]?.epoch);
			await until(() => line.events.length === 5, 'the others');
			expect(line.events.slice(3).map(({ type }) => type)).to.deep.equal(['b', 'b']);
		});

		it('takes drafts, in their order, and brings a receipt or an error for each', async () => {
			const channel = newChannel();
			const line = await dial(channel);
			await line.hello();
			for (const ref of range(1, 300))
				line.say({
					type: 'publish',
					ref,
					draft: ref === 7 ? { type: 'not a type' } : { text: `draft ${ref}`, key: `k${ref}` },
				});
			await until(() => line.of('receipts').flatMap(({ receipts }) => receipts).length === 299, 'all receipts');
			const receipts = line.of('receipts').flatMap(({ receipts }) => receipts);
			expect(receipts.map(({ ref }) => ref)).to.deep.equal(range(1, 300).filter((ref) => ref !== 7));
			expect(receipts.map(({ seq }) => seq)).to.deep.equal(range(1, 299));
			expect(line.of('error').map(({ ref, code, retryable }) => ({ ref, code, retryable }))).to.deep.equal([
				{ ref: 7, code: 'invalid-event', retryable: false },
			]);
			await until(() => line.seqs.length === 299, 'its own events');
			line.say({ type: 'publish', ref: 301, draft: { text: 'draft 1', key: 'k1' } });
			const again = await until(() => line.of('receipts').flatMap(({ receipts }) => receipts)[299], 'the repeat');
			expect(again).to.include({ ref: 301, seq: 1, duplicate: true });
		});

		it('answers a ping', async () => {
			const line = await dial(newChannel());
			await line.hello();
			line.say({ type: 'ping', position: true });
			const pong = await until(() => line.of('pong')[0], 'pong');
			expect(Math.abs((pong.time ?? 0) - Date.now())).to.be.lessThan(60_000);
		});

		it('says a hello that is wrong is wrong', async () => {
			const line = await dial(newChannel());
			line.say({ type: 'hello', protocol: 1, position: 'nonsense' });
			const error = await until(() => line.of('error')[0], 'the error');
			expect(error).to.include({ code: 'invalid-position', retryable: false });
		});

		it('tells once that the line is cut, takes nothing more, and can be opened again', async () => {
			const channel = newChannel();
			await post(channel, texts(2));
			const line = await dial(channel);
			const { epoch } = await line.hello();
			await until(() => line.covered === 2, 'history');
			await killRelay();
			await until(() => line.closes.length === 1, 'the cut');
			expect(line.say({ type: 'ping' })).to.equal(false);
			await restartRelay();
			await line.open();
			expect(await line.hello({ position: `${epoch}:1` })).to.include({ epoch, after: 1, recovered: true });
			await until(() => line.covered === 2, 'the rest');
			expect(line.closes.length).to.equal(1);
		});

		it('[PRES10] tells who is here, where that is asked for', async () => {
			const channel = newChannel();
			const ada = new Line(createWebSocket, channel);
			lines.push(ada);
			await ada.open();
			await ada.hello({ presence: { name: 'Ada' } });
			await until(() => ada.of('presence')[0], 'herself');
			const line = await dial(channel);
			await line.hello();
			await line.hello({ presence: { name: 'Tim' } });
			const told = await until(() => line.of('presence')[0], 'who is here');
			// Only a socket makes its reader one of them.
			const names = create === createWebSocket ? ['Ada', 'Tim'] : ['Ada'];
			expect([told.total, told.people.map(({ name }) => name)]).to.deep.equal([names.length, names]);
		});

		it('is closed without a word, and hands over nothing before it is open', async () => {
			const channel = newChannel();
			const line = new Line(create, channel);
			expect(line.say({ type: 'ping' })).to.equal(false);
			await line.open();
			await line.hello();
			line.transport.close();
			expect(line.say({ type: 'ping' })).to.equal(false);
			const count = line.messages.length;
			await post(channel, { text: 'unheard' });
			const other = await dial(channel);
			await other.hello();
			await until(() => other.covered === 1, 'another to hear it');
			expect(line.messages.length).to.equal(count);
			expect(line.closes).to.deep.equal([]);
			const page = (await (await fetch(`${relayUrl}/channels/${channel}/events`)).json()) as Page;
			expect(page.events.length).to.equal(1);
		});
	});
}
