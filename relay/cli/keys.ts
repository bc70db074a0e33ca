// The secrets and keys at hand: from the environment, the file of settings that it names, or a file of secrets.
// Knows where they lie and their forms; never knows tokens, and never shows a secret.
import { readFileSync } from 'node:fs';
import type { JSONWebKeySet } from 'jose';
import { MAX_SECRETS, MIN_SECRET_CHARS } from '../protocol/token.ts';
import { readSources } from '../run/settings-file.ts';
import { parseKeySet } from '../settings.ts';
import { Failure } from './verb.ts';

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

const SOURCE = 'LIVE_FEED_SECRET';

/**
 * Reads them; a variable of the environment wins over the same one in the file that `LIVE_FEED_SETTINGS` names, and
 * `secretFile` over both.
 * @throws Failure
 */
export function readKeys(environment: Readonly<Record<string, string | undefined>>, secretFile?: string): Keys {
	const { file, fromFile, fromEnvironment } = asFailure(() => readSources(environment));
	const find = (name: string) => (fromEnvironment[name] ?? fromFile[name])?.trim() || undefined;
	const isFromFile = fromEnvironment[SOURCE] === undefined && fromFile[SOURCE] !== undefined;
	const source = secretFile ?? (isFromFile ? `${SOURCE} in ${file}` : SOURCE);
	const text = secretFile === undefined ? find(SOURCE) : readFile(secretFile);
	return {
		secrets: parseSecrets(text ?? '', source),
		source,
		keySet: asFailure(() => parseKeySet(find('LIVE_FEED_KEYS') ?? '')),
		issuer: find('LIVE_FEED_ISSUER'),
		audience: find('LIVE_FEED_AUDIENCE'),
	};
}

/** What a relay says of its settings where it cannot use them. */
function asFailure<T>(read: () => T): T {
	try {
		return read();
	} catch (error) {
		throw new Failure((error as Error).message); // these throw nothing else, and never tell a secret
	}
}

function readFile(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException; // of the file system
		throw new Failure(`--secret-file names ${file}, which cannot be read (${code}).`);
	}
}

function parseSecrets(text: string, source: string): string[] {
	const secrets = text.split(/\s+/).filter((secret) => secret !== '');
	if (secrets.length > MAX_SECRETS) {
		throw new Failure(`${source} has one secret, or two with white space between; there are ${secrets.length}.`);
	}
	for (const [index, { length }] of secrets.entries()) {
		if (length >= MIN_SECRET_CHARS) continue;
		const which = secrets.length > 1 ? ['The first secret', 'The second secret'][index] : 'The secret';
		throw new Failure(
			`${which} of ${source} has ${length} characters; it needs ${MIN_SECRET_CHARS} at least.\n` +
				`Make one: node -p 'crypto.randomBytes(48).toString("base64url")'`,
		);
	}
	return secrets;
}
