// Which relay a verb speaks to, and what proves there who asks.
// Knows options, variables and files; never knows what is asked. A token is never an argument, and never printed.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Command } from 'commander';
import { parseRelay } from '../../widget/client/relay-address.ts';
import { FeedError } from '../protocol/errors.ts';
import { Failure, readWith } from './verb.ts';

export interface AccessOptions {
	relay?: string;
	tokenFile?: string;
}

export interface Access {
	/** Without a slash at its end. */
	relay: string;
	/** The token as it is now, where there is one: a file is read anew. @throws Failure */
	readToken(): string | undefined;
}

const DEFAULT_RELAY = 'http://localhost:1999';

/** What to do where the relay wants another token, or one at all. */
const TOKEN_ADVICE = 'Give a token by LIVE_FEED_TOKEN or --token-file; `live-feed token` signs one.';

/** A refusal that another token may end, with what to do about it; undefined for any other. */
export function adviseToken({ code, message }: { code: string; message: string }): string | undefined {
	return code.startsWith('token-') || code === 'forbidden' ? `${message} ${TOKEN_ADVICE}` : undefined;
}

export const ACCESS_HELP = `
A token is in LIVE_FEED_TOKEN, or in the file of --token-file, which is read
anew whenever one is needed. It is never an argument: every process of the
machine could read it there.
`;

/** Adds the options that every verb has that speaks to a relay. */
export function addAccess(command: Command): Command {
	return command
		.option('--relay <address>', `LIVE_FEED_RELAY, or ${DEFAULT_RELAY}, unless given`, readWith(parseRelay))
		.option('--token-file <file>', 'a file with the token, instead of LIVE_FEED_TOKEN');
}

/** @throws Failure where a token is named that cannot be used; CommanderError where LIVE_FEED_RELAY is no address */
export function readAccess(options: AccessOptions, command: Command): Access {
	const readToken = () => findToken(options.tokenFile);
	readToken(); // what is wrong with it is said before anything is done
	return { relay: options.relay ?? findRelay(command), readToken };
}

/** The headers of a request that says who asks. */
export function authorize(token: string | undefined): Record<string, string> {
	return token === undefined ? {} : { authorization: `Bearer ${token}` };
}

function findRelay(command: Command): string {
	const { LIVE_FEED_RELAY: relay } = process.env;
	try {
		return parseRelay(relay || DEFAULT_RELAY);
	} catch (error) {
		if (!(error instanceof FeedError)) throw error;
		return command.error(`error: LIVE_FEED_RELAY is no address of a relay. ${error.message}`);
	}
}

function findToken(file: string | undefined): string | undefined {
	const [text, named] = file === undefined ? [process.env.LIVE_FEED_TOKEN, 'LIVE_FEED_TOKEN'] : [readToken(file), file];
	const token = text?.trim().replace(/^Bearer\s+/i, '');
	if (!token) {
		if (file === undefined) return undefined;
		throw new Failure(`There is no token in ${file}.`);
	}
	if (/^[\x21-\x7e]+$/.test(token)) return token;
	throw new Failure(`What is in ${named} is no token: it has printable ASCII characters, and no spaces.`);
}

function readToken(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException; // of the file system
		throw new Failure(`--token-file names ${file}, which cannot be read (${code}).`);
	}
}
