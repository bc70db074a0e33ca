// From which pages and under which names a relay is used: what is served, and what only looks like it.
import { describe, expect, it } from 'vitest';
import { checkOrigin } from '../../relay/http/origins.ts';
import { HOSTS, ORIGINS } from '../support/look-alikes.ts';

const LISTED = 'https://www.example.org';
const OPEN = { isOpen: true, origins: undefined };
const OPEN_WITH_LIST = { isOpen: true, origins: [LISTED] };
const SECURED = { isOpen: false, origins: undefined };
const SECURED_WITH_LIST = { isOpen: false, origins: [LISTED] };
type House = typeof OPEN | typeof OPEN_WITH_LIST;

/** Headers as a server reads them: bytes, a character each. */
function check(house: House, host: string, origin?: string): string {
	const bytes = (text: string) => Buffer.from(text).toString('latin1');
	const headers = new Map([
		['host', bytes(host)],
		...(origin === undefined ? [] : [['origin', bytes(origin)] as const]),
	]);
	try {
		return checkOrigin({ get: (name: string) => headers.get(name) ?? null } as Headers, house) ?? 'no page';
	} catch (error) {
		return (error as { code: string }).code;
	}
}

describe('an origin', () => {
	it.each([
		'http://localhost',
		'https://localhost:8443',
		'http://app.localhost:3000',
		'http://127.0.0.1:5173',
		'http://127.9.9.9',
		'http://[::1]:8080',
	])('%s is served by an open relay', (origin) => {
		expect(check(OPEN, 'localhost:1999', origin)).toBe(origin);
		expect(check(SECURED, 'relay.example.org', origin)).toBe(origin);
		expect(check(SECURED_WITH_LIST, 'relay.example.org', origin)).toBe('origin-refused');
	});

	it('of the list is served, and of the relay itself where no foreign name leads to it', () => {
		expect(check(OPEN, 'localhost', LISTED)).toBe('origin-refused');
		expect(check(OPEN_WITH_LIST, 'localhost', LISTED)).toBe(LISTED);
		expect(check(SECURED_WITH_LIST, 'relay.example.org', LISTED)).toBe(LISTED);
		for (const own of ['https://relay.example.org', 'https://relay.example.org:8443', 'http://10.1.2.3:1999']) {
			expect(check(SECURED_WITH_LIST, new URL(own).host, own)).toBe(own);
		}
		expect(check(SECURED_WITH_LIST, 'evil.test:1999', 'http://evil.test:1999')).toBe('origin-refused');
	});

	it('of an open relay itself is served where it is called by an address, and no other port or address is', () => {
		for (const own of ['http://192.168.1.5:1999', 'http://[fd00::1]:1999', 'https://192.168.1.5'])
			expect(check(OPEN, new URL(own).host, own)).toBe(own);
		for (const other of ['http://192.168.1.5:8080', 'http://192.168.1.6:1999', 'http://evil.test:1999', 'null'])
			expect(check(OPEN, '192.168.1.5:1999', other)).toBe('origin-refused');
		expect(check(OPEN, 'evil.test:1999', 'http://evil.test:1999')).toBe('origin-refused');
	});

	it('that is none is no hindrance: a program has none', () => {
		expect(check(OPEN, '127.0.0.1:1999')).toBe('no page');
		expect(check(SECURED_WITH_LIST, 'relay.example.org')).toBe('no page');
	});

	it('that only looks like one of those is refused', () => {
		expect(ORIGINS.length).toBeGreaterThan(60);
		expect(new Set(ORIGINS).size).toBe(ORIGINS.length);
		for (const house of [OPEN, OPEN_WITH_LIST, SECURED_WITH_LIST]) {
			const accepted = ORIGINS.filter((origin) => check(house, 'localhost:1999', origin) !== 'origin-refused');
			expect(accepted).toEqual([]);
		}
	});
});

describe('a host', () => {
	it.each([
		'localhost',
		'LOCALHOST:1999',
		'app.localhost',
		'127.0.0.1',
		'127.1.2.3:80',
		'[::1]:1999',
		'192.168.1.5:1999',
		'[fd00::1]',
	])('%s is one of an open relay', (host) => {
		expect(check(OPEN, host)).toBe('no page');
	});

	it('of a listed origin is one too', () => {
		expect(check(OPEN, 'www.example.org')).toBe('origin-refused');
		expect(check(OPEN_WITH_LIST, 'www.example.org')).toBe('no page');
		expect(check(OPEN_WITH_LIST, 'www.example.org:8443')).toBe('origin-refused');
	});

	it('that only looks like one of those is refused', () => {
		expect(new Set(HOSTS).size).toBe(HOSTS.length);
		const accepted = HOSTS.filter((host) => check(OPEN, host.replaceAll('PORT', '1999')) !== 'origin-refused');
		expect(accepted).toEqual([]);
	});
});
