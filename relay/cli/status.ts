// `live-feed status`: does a relay run, since when, and what figures it gives.
// Knows addresses and what their answers mean; never knows which figures there are.
import process from 'node:process';
import { type Command, Option } from 'commander';
import { describeOutage, readRefusal, type Trouble } from '../../widget/publisher/request.ts';
import { parseChannel } from '../protocol/types.ts';
import { ACCESS_HELP, type Access, type AccessOptions, addAccess, authorize, readAccess } from './access.ts';
import { alignFigures, flattenFigures } from './figures.ts';
import { createPalette, formatSpan, hasColours, say } from './terminal.ts';
import { addVerb, Failure, readSpan, readWith } from './verb.ts';

const HELP = `
Figures are those of the relay, or of one channel. Where the relay asks for
tokens, they take one that may \`metrics\`. With --json they are printed as the
relay gives them, or its health where it gives none.
${ACCESS_HELP}
Exit codes: 0 it runs, 1 it does not, 2 not used rightly.
`;

interface StatusOptions extends AccessOptions {
	json?: true;
	timeout: number;
}

export interface Health {
	status: string;
	/** The relay's clock, milliseconds since 1970. */
	time: number;
	/** When it was started; older relays do not say. */
	since?: number;
}

/** An answer with what it holds, as text and as JSON. */
interface Answer {
	status: number;
	text: string;
	body: unknown;
}

export function addStatus(program: Command): void {
	const timeout = new Option('--timeout <span>', 'how long an answer may take').argParser(readSpan);
	const status = addVerb(program, 'status')
		.description('say whether a relay runs, since when, and with what figures')
		.argument('[channel]', 'the channel; the whole relay unless given', readWith(parseChannel))
		.option('--json', 'print one JSON object')
		.addOption(timeout.default(5000, '5s'))
		.addHelpText('after', HELP);
	addAccess(status).action((channel: string | undefined, options: StatusOptions) => run(channel, options, status));
}

async function run(channel: string | undefined, options: StatusOptions, command: Command): Promise<void> {
	const access = readAccess(options, command);
	const health = await ask(access, '/health', options.timeout);
	if (!isHealth(health)) throw new Failure(describeStranger(access.relay, health));
	const path = channel === undefined ? '/status' : `/channels/${channel}/status`;
	const figures = await ask(access, path, options.timeout);
	const hasFigures = figures.status === 200 && typeof figures.body === 'object' && figures.body !== null;
	if (options.json) process.stdout.write(`${(hasFigures ? figures : health).text.trim()}\n`);
	else
		process.stdout.write(
			showStatus(access.relay, health.body, hasFigures ? figures.body : undefined, hasColours(process.stdout)),
		);
	if (!hasFigures) say(`no figures: ${explainMissing(figures)}`);
}

/** Lines for a terminal. */
export function showStatus(relay: string, { time, since }: Health, figures: unknown, hasColour: boolean): string {
	const { bold, dim, green } = createPalette(hasColour);
	const lines = [`${green('●')} ${bold('Running')}  ${relay}`];
	const isoTime = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
	if (since !== undefined) lines.push(`${dim('Since')}      ${isoTime(since)}, for ${formatSpan(time - since)}`);
	lines.push(`${dim('Its clock')}  ${isoTime(time)}`);
	const rows = figures === undefined ? [] : flattenFigures(figures);
	if (rows.length > 0) lines.push('', ...alignFigures(rows));
	return ['', ...lines.map((line) => (line === '' ? '' : `  ${line}`)), '', ''].join('\n');
}

/** @throws Failure where nobody answers */
async function ask({ relay, readToken }: Access, path: string, timeoutMs: number): Promise<Answer> {
	try {
		const response = await fetch(relay + path, {
			headers: { accept: 'application/json', ...authorize(readToken()) },
			signal: AbortSignal.timeout(timeoutMs),
		});
		const text = await response.text();
		return { status: response.status, text, body: readJson(text) };
	} catch (error) {
		if (error instanceof Failure) throw error;
		const isLate = (error as Error).name === 'TimeoutError';
		const reason = isLate ? `It has not answered within ${formatSpan(timeoutMs)}.` : describeOutage(error).message;
		throw new Failure(
			`No relay answers at ${relay}. ${reason} Is it started, and is --relay or LIVE_FEED_RELAY its address?`,
		);
	}
}

function readJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined; // a page of somebody else
	}
}

function isHealth(answer: Answer): answer is Answer & { body: Health } {
	const { status, time } = (answer.body ?? {}) as Partial<Health>;
	return answer.status === 200 && typeof status === 'string' && typeof time === 'number';
}

function describeStranger(relay: string, { status, body }: Answer): string {
	if (status !== 200)
		return `${relay} is no relay that runs. ${readRefusal(body as Trouble, status, false, undefined).error.message}`;
	return `Something else than a live-feed relay answers at ${relay}. Give the address of the relay itself.`;
}

function explainMissing({ status, body }: Answer): string {
	if (status === 401) return 'they take a token that may `metrics`, by LIVE_FEED_TOKEN or --token-file.';
	if (status === 403) return 'the token may not `metrics`; sign one with `live-feed token --can metrics …`.';
	if (status === 404 || status === 200) return 'this relay gives none.';
	return readRefusal(body as Trouble, status, false, undefined).error.message;
}
