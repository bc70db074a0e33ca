// Somebody with a token and an address of his own, and what he does on a relay that counts.
// Knows how he is told from others; never knows what he may.
import { type Answer, ask } from './ask.ts';
import { Conversation, type Message } from './conversation.ts';
import type { TestRelay } from './relay.ts';
import { bearer, sign } from './tokens.ts';

/** Where the relay is told to look for an address. */
export const HEADER = 'x-test-address';

let people = 0;
/** Somebody whom no other test of this file knows. */
export async function createPerson() {
	const subject = `person-${++people}`;
	const address = `203.0.113.${people}`;
	return { subject, address, token: await sign({ sub: subject }), from: { [HEADER]: address } };
}
export type Person = Awaited<ReturnType<typeof createPerson>>;

export const addressOf = (relay: TestRelay, channel: string) => `${relay.url}/channels/${channel}/events`;
export const read = (relay: TestRelay, channel: string, { token, from }: Person, query = '') =>
	ask(addressOf(relay, channel) + query, { headers: { ...bearer(token), ...from } });
export const publish = (relay: TestRelay, channel: string, { token, from }: Person, drafts: unknown): Promise<Answer> =>
	ask(addressOf(relay, channel), {
		method: 'POST',
		headers: { 'content-type': 'application/json', ...bearer(token), ...from },
		body: JSON.stringify(drafts),
	});
export const join = (relay: TestRelay, channel: string, { token, from }: Person, hello = {}) =>
	Conversation.join(relay.url, channel, { token, ...hello }, { headers: from });

/** Says hello, and resolves with the answer to it. */
export async function greet(relay: TestRelay, channel: string, { token, from }: Person): Promise<Conversation> {
	const socket = await Conversation.open(relay.url, channel, { headers: from });
	socket.send({ type: 'hello', protocol: 1, token });
	await socket.until(() => socket.messages.length > 0, 'an answer');
	return socket;
}

/** Says hello, and resolves with the error and the code that he is sent away with. */
export async function refusal(relay: TestRelay, channel: string, person: Person): Promise<[Message, number]> {
	const { token, from } = person;
	const socket = await Conversation.open(relay.url, channel, { headers: from });
	socket.send({ type: 'hello', protocol: 1, token });
	const { code } = await socket.waitForClose();
	return [socket.messages[0], code];
}
