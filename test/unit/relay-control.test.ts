// Who may tell the relay to say goodbye.

import { describe, expect, it } from 'vitest';
import { Audience } from '../../relay/audience.ts';
import { BodyBudget } from '../../relay/http/body-budget.ts';
import { answer } from '../../relay/http/routes.ts';
import { NOBODY } from '../../relay/identity.ts';
import { createError } from '../../relay/protocol/errors.ts';
import { readSettings } from '../../relay/settings.ts';

async function ask(secret: string | undefined, init: RequestInit): Promise<[status: number, told: number]> {
	let told = 0;
	const goAway = async () => void told++;
	const setMachine = async () => {};
	const nothing = async () => new Response(null, { status: 404 });
	const edge = {
		...{ clock: () => 0, fetchFile: nothing, fetchChannel: nothing, control: { secret, goAway, setMachine } },
		storage: { isFull: false },
		...{ countRequest: () => {}, since: 0, report: async () => Promise.reject(createError('forbidden')) },
		settings: readSettings({ LIVE_FEED_SECRET: 'x'.repeat(32) }),
		bodies: new BodyBudget(),
		identify: async () => NOBODY,
		onRefused: () => {},
		onFault: () => createError('internal'),
	};
	const { status } = await answer(new Request('http://relay/control/goaway', init), edge);
	return [status, told];
}

const bearer = (secret: string) => ({ method: 'POST', headers: { authorization: `Bearer ${secret}` } });

describe('POST /control/goaway', () => {
	it('[AWAY3] does it for the secret', async () => {
		expect(await ask('s3cret', bearer('s3cret'))).toEqual([200, 1]);
	});

	it.each([
		['another secret', 's3cret', bearer('s3cres')],
		['a part of it', 's3cret', bearer('s3cre')],
		['none', 's3cret', { method: 'POST' }],
		['another scheme', 's3cret', { method: 'POST', headers: { authorization: 's3cret' } }],
		['another method', 's3cret', { headers: { authorization: 'Bearer s3cret' } }],
		['anything, where the relay has none', undefined, bearer('undefined')],
		['anything, where it is empty', '', bearer('x')],
	])('[AWAY3] is not there for %s', async (_, secret, init) => {
		expect(await ask(secret, init)).toEqual([404, 0]);
	});

	it('[AWAY1] reaches the channels that somebody is connected to', () => {
		const audience = new Audience();
		for (const channel of ['a', 'b', 'a', 'c']) audience.enter(channel, 'socket');
		for (const channel of ['a', 'b', 'never']) audience.leave(channel, 'socket');
		expect(audience.channels).toEqual(['a', 'c']);
	});
});
