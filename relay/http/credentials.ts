// Who sends a request, as its headers say it: a token, and an author's key.
// Knows headers (RFC 6750); never knows what a token proves.
import { parseAuthor } from '../protocol/client-message.ts';
import { FeedError } from '../protocol/errors.ts';
import { AUTHOR_HEADER } from './routes.ts';

/** @throws FeedError `token-invalid` */
export function readToken(headers: Headers): string | undefined {
	const given = headers.get('authorization');
	if (given === null) return undefined;
	const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(given)?.[1];
	if (token !== undefined) return token;
	throw new FeedError('token-invalid', 'The token comes as `Authorization: Bearer …` (RFC 6750).');
}

/** @throws FeedError `invalid-message` */
export function readAuthor(headers: Headers): string | undefined {
	const key = headers.get(AUTHOR_HEADER);
	return key === null ? undefined : parseAuthor(key);
}
