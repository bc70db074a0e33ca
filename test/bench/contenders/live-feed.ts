// The relay of this repository, as the bench starts it and talks to it.
// Knows the protocol; never knows which figure is wanted.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { SEEN_BYTES } from '../../../relay/protocol/limits.ts';
import type { EngineName } from '../../../relay/run/engine.ts';
import { readFrame } from '../../support/inflate.ts';
import { findTestProgram } from '../../support/program-under-test.ts';
import { type RelayOptions, startRelay } from '../../support/relay.ts';
import { ROOT } from '../../support/sources.ts';
import { keepEnding } from '../ending.ts';
import type { Contender, Dialect, Draft, Running, Stamp } from './contender.ts';
import { findPackage } from './package.ts';

function createDialect(inflates: boolean): Dialect {
	return {
		viewerPath: (channel) => `/channels/${channel}/events`,
		greet: (position) =>
			JSON.stringify({
				type: 'hello',
				protocol: 1,
				...(position === undefined ? { history: 0 } : { position }),
				...(inflates ? { inflate: true } : {}),
			}),
		isWelcomed: true,
		decode(payload) {
			const message = JSON.parse(readFrame(payload));
			if (message.type === 'welcome') return { kind: 'ready', last: message.after };
			if (message.type !== 'entries') return { kind: 'other' };
			const { from, to, entries } = message as { from: number; to: number; entries: { seq: number; data: Stamp }[] };
			// A frame that says more than it holds would count events that nobody was sent.
			const isWhole = entries.length === to - from + 1 && entries.every(({ seq }, index) => seq === from + index);
			if (!isWhole) throw new Error(`Expected ${from} to ${to}, and got ${entries.length} entries.`);
			return { kind: 'events', from, to, events: entries.map(({ data }) => data) };
		},
		// As the panel does.
		confirm: { everyBytes: SEEN_BYTES / 2, write: (bytes) => `{"type":"seen","bytes":${bytes}}` },
		publisherPath: (channel) => `/channels/${channel}/events`,
		// A publisher who is sent everything would be a viewer more.
		greetAsPublisher: () => ['{"type":"hello","protocol":1,"history":0,"types":["never"]}'],
		publisherWaits: 1,
		encode: (draft, ref) => `{"type":"publish","ref":${ref},"draft":${JSON.stringify(draft)}}`,
		isAnswered: true,
		readAnswers(text) {
			const message = JSON.parse(text);
			if (message.type === 'receipts') return { accepted: message.receipts.length, refused: 0 };
			return { accepted: 0, refused: message.type === 'error' ? 1 : 0 };
		},
	};
}

function createContender(name: string, engine: EngineName, inflates = true): Contender {
	return {
		name,
		dialect: createDialect(inflates),
		findVersion() {
			const { version } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
			const found = findPackage(engine);
			return found && `${version}, ${engine} ${found}`;
		},
		install: 'npm ci',
		async start({ vars = {} } = {}) {
			// No variable: an open relay has no limits but those that are set (relay/settings.ts).
			const { running, url } = await startRoom({ vars, program: await findTestProgram(undefined, engine) });
			return {
				...running,
				async findPosition(channel) {
					const page = await fetch(`${url}/channels/${channel}/events?limit=1`);
					const { events } = (await page.json()) as { events: { id: string }[] };
					return events.at(-1)?.id ?? '-:0';
				},
				fill: (channel, drafts) => post(`${url}/channels/${channel}/events`, drafts),
			};
		},
	};
}

/** A room of an engine: of our relay unless another program is given. */
export async function startRoom(options: RelayOptions): Promise<{ running: Running; url: string }> {
	const relay = await startRelay({ vars: {}, ...options });
	const { engine, url } = relay;
	const stop = keepEnding(() => relay.stop());
	if (!engine) throw new Error('Expected a relay of our own.');
	return { running: { port: engine.port, findPids: () => [engine.pid, engine.enginePid], stop }, url };
}

/** Publishes them by request, as many in one as may be. */
export async function post(address: string, drafts: readonly Draft[]): Promise<void> {
	for (let at = 0; at < drafts.length; at += 3000) {
		const response = await fetch(address, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(drafts.slice(at, at + 3000)),
		});
		if (response.status !== 201) throw new Error(`Expected 201 and got ${response.status}: ${await response.text()}`);
		await response.arrayBuffer();
	}
}

export const liveFeed: Contender = createContender('live-feed', 'workerd');
/** The same with viewers that cannot inflate. */
export const liveFeedPlain: Contender = createContender('live-feed, plain', 'workerd', false);
/** The same relay on the engine of PartyKit's dev server. */
export const liveFeedOnPartyKit: Contender = createContender('live-feed on PartyKit', 'partykit');
