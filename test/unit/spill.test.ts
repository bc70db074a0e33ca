// That a token would be found, in whichever form something keeps it.
import { describe, expect, it } from 'vitest';
import { findInBytes, findSpilt, keepSecret } from '../support/spill.ts';
import { sign } from '../support/tokens.ts';

const SECRET = 'a-secret-that-is-looked-for-as-well';

describe('what is looked for', async () => {
	keepSecret(SECRET);
	const token = await sign({}, SECRET);
	const [, payload = '', signature = ''] = token.split('.');
	const stranger = `${btoa('{"alg":"HS256"}').replace(/=/g, '')}.${btoa('{"sub":"somebody"}').replace(/=/g, '')}.c2lnbmF0dXJl`;

	it.each([
		['a token', token],
		['one of somebody else', stranger],
		['its payload', payload],
		['its signature', signature],
		['a secret', SECRET],
	])('%s is found in a text and in a file, and is not told whole', (_, kept) => {
		expect(findSpilt(`{"level":"info","of":"${kept}"}`)).toContain(kept.slice(0, 12));
		expect(findSpilt(kept)).not.toContain(kept);
		for (const encoding of ['utf8', 'utf16le'] as const) {
			expect(findInBytes(Buffer.concat([Buffer.from([0, 255, 7]), Buffer.from(kept, encoding)]))).toBeDefined();
		}
	});

	it.each(['', 'eyJ', 'a map: data:application/json;base64,eyJ2ZXJzaW9uIjozfQ==', token.split('.')[0] ?? ''])(
		'%s is nothing',
		(text) => {
			expect(findSpilt(text)).toBeUndefined();
			expect(findInBytes(Buffer.from(text))).toBeUndefined();
		},
	);
});
