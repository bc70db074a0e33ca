// What untrusted text becomes: links, code, names, and nothing else.
import { describe, expect, it } from 'vitest';
import { LINKED, safeUrl } from '../../widget/views/link.ts';
import { hiddenHost, tokenize } from '../../widget/views/rich-text.ts';
import { isLong } from '../../widget/views/row.ts';

const kinds = (text: string) =>
	tokenize(text).map(({ kind, text: part }) => (kind === 'text' ? part : { [kind]: part }));

describe('rich text', () => {
	it('marks up web addresses, code and names, and keeps the rest as it is', () => {
		expect(kinds('@ada see https://a.example/x and run `npm test`\n<b>now</b>')).toEqual([
			{ name: '@ada' },
			' see ',
			{ link: 'https://a.example/x' },
			' and run ',
			{ code: 'npm test' },
			'\n<b>now</b>',
		]);
	});

	it('leaves the signs that end a sentence out of an address', () => {
		expect(kinds('Is it https://a.example/x?')).toEqual(['Is it ', { link: 'https://a.example/x' }, '?']);
		expect(kinds('(see https://a.example/x).')).toEqual(['(see ', { link: 'https://a.example/x' }, ').']);
		expect(kinds('"https://a.example/x", …')[1]).toEqual({ link: 'https://a.example/x' });
	});

	it('keeps brackets that were opened inside an address', () => {
		expect(kinds('https://a.example/wiki/Feed_(web)')).toEqual([{ link: 'https://a.example/wiki/Feed_(web)' }]);
	});

	it('ends an address where a script without spaces goes on', () => {
		expect(kinds('ログはhttps://ci.example/214を見てください。')).toEqual([
			'ログは',
			{ link: 'https://ci.example/214' },
			'を見てください。',
		]);
	});

	it('takes no scheme but http and https from text', () => {
		for (const text of ['javascript:alert(1)', 'data:text/html,x', 'ftp://a.example/', 'mailto:a@b.example']) {
			expect(tokenize(text).some(({ kind }) => kind === 'link')).toBe(false);
		}
	});

	it('makes no link of an address that hides where it goes', () => {
		expect(tokenize('https://bank.example@evil.example/').map(({ kind }) => kind)).toEqual(['text']);
		expect(kinds('https://a.example/\u202egnp.exe')).toEqual([{ link: 'https://a.example/' }, '\u202egnp.exe']);
	});

	it('finds no names in mail addresses and paths', () => {
		expect(kinds('mail ada@example.org or npm i @scope/name, user/@x')).toEqual([
			'mail ada@example.org or npm i ',
			{ name: '@scope' },
			'/name, user/@x',
		]);
	});

	it('marks up nothing inside code', () => {
		expect(kinds('`https://a.example @ada`')).toEqual([{ code: 'https://a.example @ada' }]);
	});

	it('loses no character but the ticks around code', () => {
		const text = 'a `b` @c. https://d.example/e), ``f`` `g\nh`';
		const joined = tokenize(text).map(({ kind, text: part }) => (kind === 'code' ? `\`${part}\`` : part));
		expect(joined.join('')).toBe(text);
	});

	it('is done with malice, eight times as much as a text may have, before this test has to end', () => {
		const heads = ['`', '@', '@a.', 'https://', 'https://a(', 'https://a...', '.', '(', '`\n', 'http://a@'];
		for (const head of heads) {
			const text = head.repeat(Math.ceil((8 * 8192) / head.length));
			for (const one of [text, `https://a${text}\u2068`]) {
				const length = tokenize(one).reduce((sum, { text: part }) => sum + part.length, 0);
				expect(length, head).toBeGreaterThan(one.length / 2);
			}
		}
	});

	it('takes mail addresses only for the link of an event', () => {
		expect(safeUrl('mailto:ada@example.org')).toBeUndefined();
		expect(safeUrl('mailto:ada@example.org', LINKED)?.pathname).toBe('ada@example.org');
		expect(safeUrl('javascript:alert(1)', LINKED)).toBeUndefined();
		expect(safeUrl(undefined)).toBeUndefined();
	});

	it('follows no address with a user name or a password', () => {
		for (const address of ['https://a@b.example', 'https://:p@b.example', 'https://bank.example%2f@b.example'])
			expect(safeUrl(address, LINKED)).toBeUndefined();
	});

	it.each([
		['https://a.example/x', ''],
		['https://A.example:443', ''],
		['http://a.example:8080/x', ''],
		['https://\u0430pple.example/', 'xn--pple-43d.example'],
		['https://0x7f.1/', '127.0.0.1'],
		['https://%65vil.example/', 'evil.example'],
		['http://2130706433', '127.0.0.1'],
		['https://a.example\\x.evil.example', ''],
	])('%s says where it goes, or is told to: %s', (text, host) => {
		const [token] = tokenize(text);
		expect(token?.kind).toBe('link');
		expect(token?.url && hiddenHost(token.text, token.url)).toBe(host);
	});
});

describe('long texts', () => {
	it('are those of more than six lines', () => {
		expect(isLong('x'.repeat(60), 10)).toBe(false);
		expect(isLong('x'.repeat(61), 10)).toBe(true);
		expect(isLong('a\n\nb\n\nc\n\nd', 80)).toBe(true);
		expect(isLong('a\n\nb\n\nc', 80)).toBe(false);
	});

	it('count full-width characters twice', () => {
		expect(isLong('山'.repeat(30), 10)).toBe(false);
		expect(isLong('山'.repeat(31), 10)).toBe(true);
	});
});
