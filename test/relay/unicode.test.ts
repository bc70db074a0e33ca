// Text that is no Unicode, against a real relay: it is taken, and no reader ever gets it.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Conversation, createChannelName } from '../support/conversation.ts';
import { CUT, findLone, readAllWays, sendLone } from '../support/lone-surrogates.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const MENDED = 'Deployed \ufffd';
let relay: TestRelay;
let asking: TestRelay;

beforeAll(async () => {
	[relay, asking] = await Promise.all([startRelay({ vars: {} }), startRelay({ vars: { LIVE_FEED_SECRET: SECRET } })]);
});
afterAll(async () => {
	await Promise.all([relay?.stop(), asking?.stop()]);
});

it('[EV13] lone surrogates come in on every way, and go out on none', async () => {
	const channel = createChannelName('unicode');
	const outcomes = await sendLone(relay.url, channel);
	expect(outcomes.map(({ way, status }) => [way, status])).toEqual([
		['JSON', 201],
		['a JSON array', 201],
		['NDJSON', 201],
		['JSON as a form', 201],
		['a form', 201],
		['`events` of a form', 201],
		['a multipart form', 201],
		['a field of nobody', 400],
		['many fields of nobody', 400],
		['a parameter of nobody', 400],
		['an edit', 200],
		['a second edit', 200],
		['a socket', 201],
		['an edit on a socket', 201],
		['a field of nobody on a socket', 400],
	]);
	for (const { way, answer } of outcomes) expect(findLone(answer), way).toEqual([]);
	const found = await readAllWays(relay.url, channel, 12);
	expect(found.size).toBe(10);
	for (const [way, value] of found) {
		expect(findLone(value), way).toEqual([]);
		expect(JSON.stringify(value), way).toContain(MENDED);
	}
});

it('[AUTH2] [EV13] the name of a token is mended, and a subject that is no Unicode is refused', async () => {
	const channel = createChannelName('unicode');
	const can = ['read', 'publish', 'presence'];
	const named = await sign({ sub: 'ada', name: CUT, can });
	const url = `${asking.url}/channels/${channel}/events`;
	const publish = async (token: string) =>
		fetch(url, { method: 'POST', headers: { ...bearer(token), 'content-type': 'text/plain' }, body: 'a' });
	expect((await publish(named)).status).toBe(201);
	const viewer = await Conversation.join(asking.url, channel, { token: named, presence: {} });
	// History and presence come in either order.
	await viewer.until(() => viewer.events.length > 0, 'its event');
	await viewer.until(() => viewer.messages.some(({ type }) => type === 'presence'), 'presence');
	expect(viewer.events[0].actor).toEqual({ id: 'ada', name: MENDED, verified: true });
	expect(findLone(viewer.messages)).toEqual([]);
	const refused = await publish(await sign({ sub: CUT, can }));
	expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([401, 'token-invalid']);
});
