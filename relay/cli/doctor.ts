// `live-feed doctor`: what is wrong with a relay, seen from where its users are?
// Knows options, tokens' places and exit codes; never knows what is looked at.
import process from 'node:process';
import { type Command, InvalidArgumentError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { parseRelay } from '../../widget/client/relay-address.ts';
import { parseChannel } from '../protocol/types.ts';
import { type Access, type AccessOptions, readAccess } from './access.ts';
import { examine } from './examine.ts';
import {
	type Finding,
	formatFindings,
	hasFault,
	readLook,
	showAdvice,
	showFinding,
	showVerdict,
	wrap,
} from './findings.ts';
import { formatCount } from './terminal.ts';
import { addVerb, Failure, readWith } from './verb.ts';

const DEFAULT_CHANNEL = 'live-feed-doctor';
const DEFAULT_EVENTS = 200;
const MAX_EVENTS = 2000;
/** The longest name of a finding. */
const WIDTH = 'Long polling'.length;

const HELP = `
It goes from the relay's name to its events and says what is wrong: DNS, TCP,
TLS, HTTP, clock, version, access. Then it publishes events, reads them by
WebSocket, server-sent events, NDJSON and long polling at once, and looks for
what is lost, doubled, out of order or late. It writes to a channel:
${DEFAULT_CHANNEL}, unless told otherwise. No step waits for ever.

A token is in LIVE_FEED_TOKEN or in a file, and never an argument: every process
of the machine could read it there.

  live-feed doctor https://relay.example.org
  live-feed doctor --token-file token.txt --channel deploys --events 20

Exit codes: 0 nothing is wrong, 1 something is, 2 not used rightly.
`;

interface DoctorOptions extends AccessOptions {
	channel: string;
	events: number;
	origin?: string;
	json?: true;
}

export function addDoctor(program: Command): void {
	const doctor = addVerb(program, 'doctor')
		.description('look from outside what is wrong with a relay')
		.argument('[relay]', 'its address; LIVE_FEED_RELAY unless given, or http://localhost:1999', readWith(parseRelay))
		.option('--channel <name>', 'the channel that it writes to', readWith(parseChannel), DEFAULT_CHANNEL)
		.option('--events <count>', `how many events, 1 to ${MAX_EVENTS}`, parseCount, DEFAULT_EVENTS)
		.option('--origin <origin>', 'look whether pages of this origin are served', parseOrigin)
		.option('--token-file <file>', 'a file with the token, instead of LIVE_FEED_TOKEN')
		.option('--json', 'print one JSON object')
		.addHelpText('after', HELP)
		.action(async (relay: string | undefined, options: DoctorOptions) => {
			const access = readAccess({ ...options, ...(relay === undefined ? {} : { relay }) }, doctor);
			if (!(await examineAndTell(access, options))) throw new Failure();
		});
}

/** Answers whether nothing is wrong. */
async function examineAndTell({ relay, readToken }: Access, options: DoctorOptions): Promise<boolean> {
	const { channel, events, origin, json } = options;
	const findings: Finding[] = [];
	const look = readLook(process.stdout);
	const tell = (finding: Finding) => {
		findings.push(finding);
		// Each as it is found: a relay that hangs takes its time. What to do comes at the end.
		const { name, standing, text } = finding;
		if (!json) process.stdout.write(showFinding({ name, standing, text }, WIDTH, look));
	};
	const heading = wrap(`Looking at ${relay}, writing ${formatCount(events, 'event')} to ${channel}.`, look.columns - 2);
	if (!json) process.stdout.write(`\n${heading.map((line) => `  ${line}\n`).join('')}\n`);
	const figures = await examine(
		{ relay, token: readToken(), channel, events, origin, version: manifest.version },
		tell,
	);
	if (json) process.stdout.write(formatFindings(findings, { relay, channel, ...figures }));
	else process.stdout.write(showVerdict(findings, look) + showAdvice(findings, WIDTH, look));
	return !hasFault(findings);
}

function parseCount(value: string): number {
	const count = /^\d{1,4}$/.test(value) ? Number(value) : 0;
	if (count >= 1 && count <= MAX_EVENTS) return count;
	throw new InvalidArgumentError(`A whole number from 1 to ${MAX_EVENTS}.`);
}

function parseOrigin(value: string): string {
	if (URL.canParse(value) && new URL(value).origin === value) return value;
	throw new InvalidArgumentError(
		'An origin is as a browser writes it, https://www.example.org, without anything after it.',
	);
}
