// The secrets and keys at hand: from the environment, the file of settings that it names, or a file of secrets.
// Knows where they lie and their forms; never knows tokens, and never shows a secret.
import { readFileSync } from 'node:fs';
import type { JSONWebKeySet } from 'jose';
import { MAX_SECRETS, MIN_SECRET_CHARS } from '../protocol/token.ts';

/** What a relay with these settings would check a token with. */
export interface Keys {
	/** One or two; the first signs, both verify. */
	secrets: readonly string[];
	/** Where the secrets were found, in words. */
	source: string;
	keySet: JSONWebKeySet | undefined;
	issuer: string | undefined;
	audience: string | undefined;
}

/** Something that was named cannot be used. The message says what to do. */
export class KeysError extends Error {
	override readonly name = 'KeysError';
}

const SOURCE = 'LIVE_FEED_SECRET';

/**
 * Reads them; a variable of the environment wins over the same one in the file that `LIVE_FEED_SETTINGS` names, and
 * `secretFile` over both.
 * @throws KeysError
 */
export function readKeys(environment: Readonly<Record<string, string | undefined>>, secretFile?: string): Keys {
	const file = environment.LIVE_FEED_SETTINGS;
	const settings = file ? parseSettings(readFile(file, 'LIVE_FEED_SETTINGS'), file) : {};
	const find = (name: string) => environment[name] || settings[name] || undefined;
	const isFromFile = !environment[SOURCE] && settings[SOURCE] !== undefined;
	const source = secretFile ?? (isFromFile ? `${SOURCE} in ${file}` : SOURCE);
	const text = secretFile === undefined ? find(SOURCE) : readFile(secretFile, '--secret-file');
	return {
		secrets: parseSecrets(text ?? '', source),
		source,
		keySet: parseKeySet(find('LIVE_FEED_KEYS')),
		issuer: find('LIVE_FEED_ISSUER'),
		audience: find('LIVE_FEED_AUDIENCE'),
	};
}

function readFile(file: string, named: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException; // of the file system
		throw new KeysError(`${named} names ${file}, which cannot be read (${code}).`);
	}
}

/** `NAME=value` lines, or a JSON object: as a relay reads them. */
function parseSettings(text: string, file: string): Record<string, string | undefined> {
	if (!text.trim().startsWith('{')) {
		const lines = [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([A-Z_]+)[ \t]*=[ \t]*(.*?)[ \t\r]*$/gm)];
		return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value.replace(/^(['"])(.*)\1$/, '$2')]));
	}
	try {
		const values = Object.entries(JSON.parse(text));
		return Object.fromEntries(
			values.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
		);
	} catch {
		throw new KeysError(`${file} begins like JSON and is none. It has NAME=value lines, or one JSON object.`);
	}
}

function parseSecrets(text: string, source: string): string[] {
	const secrets = text.split(/\s+/).filter((secret) => secret !== '');
	if (secrets.length > MAX_SECRETS) {
		throw new KeysError(`${source} has one secret, or two with white space between; there are ${secrets.length}.`);
	}
	for (const [index, { length }] of secrets.entries()) {
		if (length >= MIN_SECRET_CHARS) continue;
		const which = secrets.length > 1 ? ['The first secret', 'The second secret'][index] : 'The secret';
		throw new KeysError(
			`${which} of ${source} has ${length} characters; it needs ${MIN_SECRET_CHARS} at least.\n` +
				`Make one: node -p 'crypto.randomBytes(48).toString("base64url")'`,
		);
	}
	return secrets;
}

function parseKeySet(text: string | undefined): JSONWebKeySet | undefined {
	if (text === undefined) return undefined;
	try {
		const { keys } = JSON.parse(text);
		if (Array.isArray(keys)) return { keys };
	} catch {
		// Said below: it is none.
	}
	throw new KeysError('LIVE_FEED_KEYS is a JSON Web Key Set, such as {"keys": [{"kty": "EC", …}]}.');
}
