// `live-feed token`: signs a token, and explains one.
// Knows options and where a token comes from; never knows how tokens are made or read.
import process from 'node:process';
import { text as readText } from 'node:stream/consumers';
import { type Command, InvalidArgumentError } from 'commander';
import { CAPABILITIES } from '../protocol/capabilities.ts';
import { MAX_TOKEN_CHARS } from '../protocol/limits.ts';
import { checkCapabilities, checkChannels, checkName, checkSubject } from './claims.ts';
import { explainToken } from './explain.ts';
import { readKeys } from './keys.ts';
import { formatExplanation, showExplanation } from './show.ts';
import { signToken } from './sign.ts';
import { hasColours } from './terminal.ts';
import { addVerb, EXIT_CODES, Failure, readSpan, splitList } from './verb.ts';

const TOKEN_HELP = `
It is signed with the first secret of LIVE_FEED_SECRET, of the file that LIVE_FEED_SETTINGS names, or of --secret-file.
Only the token is printed. Whoever has it may do all that it says, until it expires.

  live-feed token --subject ada --channels 'deploys,team-*' --can read,publish --for 2h
  live-feed token explain < token.txt

Capabilities: ${CAPABILITIES.join(', ')}
${EXIT_CODES}`;

const EXPLAIN_HELP = `
Signature, issuer and audience are checked with LIVE_FEED_SECRET, LIVE_FEED_KEYS, LIVE_FEED_ISSUER and LIVE_FEED_AUDIENCE,
of the environment or of the file that LIVE_FEED_SETTINGS names. No secret is ever printed.

Exit codes: 0 a relay would take it, 1 it would refuse it or that cannot be told, 2 not used rightly.
`;

interface SignOptions {
	subject?: string;
	channels?: string[];
	can?: string[];
	for?: number;
	name?: string;
	issuer?: string;
	audience?: string;
	secretFile?: string;
}

interface ExplainOptions {
	json?: true;
	secretFile?: string;
}

export function addToken(program: Command): void {
	const token = addVerb(program, 'token')
		.description('sign a token, or explain one')
		.option('--subject <id>', 'whom it is for, 1 to 128 characters', checked(checkSubject))
		.option('--channels <list>', 'where: names, beginnings of names (team-*), or * for all', checkedList(checkChannels))
		.option('--can <list>', 'what may be done there', checkedList(checkCapabilities))
		.option('--for <span>', 'how long: 90s, 10m, 2h or 7d', readSpan)
		.option('--name <name>', 'the name that people see, at most 80 characters', checked(checkName))
		.option('--issuer <issuer>', 'LIVE_FEED_ISSUER unless given')
		.option('--audience <audience>', 'LIVE_FEED_AUDIENCE unless given')
		.option('--secret-file <file>', 'a file with the secret, instead of LIVE_FEED_SECRET')
		.addHelpText('after', TOKEN_HELP)
		.action(async (options: SignOptions) => {
			process.stdout.write(`${await sign(options, token)}\n`);
		});
	const explain = addVerb(token, 'explain')
		.description('say what a token holds, and why a relay would refuse it')
		.argument('[token]', 'the token; from standard input where it is - or not given')
		.option('--json', 'print one JSON object')
		.option('--secret-file <file>', 'a file with the secret, instead of LIVE_FEED_SECRET')
		.addHelpText('after', EXPLAIN_HELP)
		.action((given: string | undefined, options: ExplainOptions) =>
			// The verb before it knows the same option, and takes it where it stands first.
			explainGiven(given, { ...token.opts<ExplainOptions>(), ...options }, explain),
		);
}

async function sign(options: SignOptions, command: Command): Promise<string> {
	const { subject, channels, can, for: lifetimeMs } = options;
	if (!subject || !channels || !can || !lifetimeMs) {
		const given = { '--subject': subject, '--channels': channels, '--can': can, '--for': lifetimeMs };
		const missing = Object.entries(given).flatMap(([name, value]) => (value ? [] : [name]));
		return command.error(
			`error: a token needs ${missing.join(', ')} too, as in\n` +
				`  live-feed token --subject ada --channels 'deploys,team-*' --can read,publish --for 2h`,
		);
	}
	const { secrets, issuer, audience } = readKeys(process.env, options.secretFile);
	const [secret] = secrets;
	if (secret === undefined) {
		throw new Failure(
			'There is no secret to sign with. Set LIVE_FEED_SECRET to the one that the relay has, or name a file with --secret-file.\n' +
				`Make one: node -p 'crypto.randomBytes(48).toString("base64url")'`,
		);
	}
	const grant = { subject, channels, can, lifetimeMs, name: options.name };
	const names = { issuer: options.issuer ?? issuer, audience: options.audience ?? audience };
	const token = await signToken({ ...grant, ...names }, secret, Date.now());
	if (token.length > MAX_TOKEN_CHARS) {
		const text = `error: the token would have ${token.length} characters; a relay takes ${MAX_TOKEN_CHARS}. Name fewer channels, or the beginning of their names.`;
		return command.error(text);
	}
	return token;
}

async function explainGiven(given: string | undefined, options: ExplainOptions, command: Command): Promise<void> {
	const isPiped = given === undefined || given === '-';
	if (isPiped && process.stdin.isTTY) return command.error('error: give a token, or pipe one in');
	const token = (isPiped ? await readText(process.stdin) : given).trim().replace(/^Bearer\s+/i, '');
	if (token === '') return command.error('error: there is no token on standard input');
	const now = Date.now();
	const explanation = await explainToken(token, readKeys(process.env, options.secretFile), now);
	const shown = () => showExplanation(explanation, now, hasColours(process.stdout));
	process.stdout.write(options.json ? formatExplanation(explanation) : shown());
	if (explanation.faults.length > 0) throw new Failure();
}

function checked(check: (value: string) => string | undefined): (value: string) => string {
	return (value) => {
		const fault = check(value);
		if (fault !== undefined) throw new InvalidArgumentError(fault);
		return value;
	};
}

function checkedList(check: (value: string[]) => string | undefined): (value: string) => string[] {
	return (value) => {
		const items = splitList(value);
		const fault = check(items);
		if (fault !== undefined) throw new InvalidArgumentError(fault);
		return items;
	};
}
