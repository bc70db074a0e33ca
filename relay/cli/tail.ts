// `live-feed tail`: a channel, line by line, from where one wants to where one has seen enough.
// Knows options and what goes to which stream; never knows connections.
import process from 'node:process';
import { type Command, Option } from 'commander';
import { isStatus } from '../protocol/draft.ts';
import { FeedError } from '../protocol/errors.ts';
import { STATUSES, type Status } from '../protocol/event.ts';
import { MAX_PAGE_EVENTS } from '../protocol/limits.ts';
import { parsePosition } from '../protocol/position.ts';
import { parseSince } from '../protocol/since.ts';
import { isTypePattern, parseChannel } from '../protocol/types.ts';
import { ACCESS_HELP, type AccessOptions, addAccess, adviseToken, readAccess } from './access.ts';
import { EntryPrinter } from './entry-line.ts';
import { type Gap, readChannel, type Told } from './reader.ts';
import { cleanJson, hasColours, Output, say } from './terminal.ts';
import { addVerb, EXIT_CODES, Failure, readSpan, readWith, splitList } from './verb.ts';

const HELP = `
It begins with the newest 50, unless told otherwise, and goes on until Ctrl-C.
Where the line is cut it comes back by itself to where it was; what can no
longer be had is said. Times are this machine's in a terminal, and UTC anywhere
else. With --json each event and each change is a line as the relay has it, and
{"gap": {"position", "from", "to"}} is what is missing. What is no event goes to
standard error.

  live-feed tail deploys
  live-feed tail app --since 10m --type 'app.*' --json | jq .text
  live-feed tail deploys --after 0 --until-idle 2s
${ACCESS_HELP}${EXIT_CODES}`;

interface TailOptions extends AccessOptions {
	json?: true;
	after?: string;
	since?: string;
	history?: string;
	type?: string[];
	status?: Status[];
	count?: number;
	untilIdle?: number;
}

export function addTail(program: Command): void {
	const after = new Option('--after <position>', 'what came after a position or an id; 0 is the beginning');
	const since = new Option('--since <time>', 'what came since 90s, 10m, 2h, 7d ago, or a date');
	const history = new Option('--history <number>', `so many of the newest, 0 to ${MAX_PAGE_EVENTS}`);
	const tail = addVerb(program, 'tail')
		.description('print what is published, as it comes')
		.argument('<channel>', 'the channel', readWith(parseChannel))
		.addOption(after.argParser(readWith(checkAfter)).conflicts(['since', 'history']))
		.addOption(since.argParser(readWith(checkSince)).conflicts('history'))
		.addOption(history.argParser(readWith(checkHistory)))
		.option('--type <types>', 'of these types alone: deploy.done, deploy.*', readWith(parseTypes))
		.option(
			'--status <statuses>',
			`with one of these alone: ${STATUSES.join(', ')}; and all changes`,
			readWith(parseStatuses),
		)
		.option('--json', 'print each as one line of JSON')
		.option(
			'-n, --count <number>',
			'end after so many; begins with as many, unless told otherwise',
			readWith(parseCount),
		)
		.option('--until-idle <span>', 'end when nothing has come for so long, such as 2s', readSpan)
		.addHelpText('after', HELP);
	addAccess(tail).action((channel: string, options: TailOptions) => run(channel, options, tail));
}

async function run(channel: string, options: TailOptions, command: Command): Promise<void> {
	const access = readAccess(options, command);
	const output = new Output(process.stdout);
	const end = new AbortController();
	output.gone.addEventListener('abort', () => end.abort());
	const { signal } = end;
	const printer = new EntryPrinter({
		isTerminal: process.stdout.isTTY === true,
		hasColour: hasColours(process.stdout),
	});
	const { json, type: types = [], status = [], count = Number.POSITIVE_INFINITY } = options;
	const idle = new Idle(options.untilIdle, () => end.abort());
	const news = new News(access.relay, channel);
	let printed = 0;
	try {
		for await (const told of readChannel({ ...access, channel, start: chooseStart(options), types, status, signal })) {
			idle.hear(told);
			news.tell(told);
			if (told.what === 'entry') {
				await output.write(json ? `${cleanJson(told.json)}\n` : printer.format(told.entry));
				if (++printed >= count) break;
			} else if (json && (told.what === 'gap' || told.what === 'refresh')) {
				const { what: _, ...line } = told;
				await output.write(`${JSON.stringify(line)}\n`);
			}
		}
	} catch (error) {
		if (!(error instanceof FeedError)) throw error;
		throw new Failure(adviseToken(error) ?? error.message);
	} finally {
		idle.end();
	}
}

/** Ends it when nothing has come for a while, as long as the line is there. */
class Idle {
	readonly #ms: number | undefined;
	readonly #onIdle: () => void;
	#timer: NodeJS.Timeout | undefined;

	constructor(ms: number | undefined, onIdle: () => void) {
		this.#ms = ms;
		this.#onIdle = onIdle;
	}

	hear({ what }: Told): void {
		if (this.#ms === undefined) return;
		clearTimeout(this.#timer);
		if (what !== 'cut' && (what === 'connected' || this.#timer !== undefined)) {
			this.#timer = setTimeout(this.#onIdle, this.#ms);
		} else this.#timer = undefined;
	}

	end(): void {
		clearTimeout(this.#timer);
	}
}

/** What is no event, on standard error: that the line is cut, and there again; what is missing. */
class News {
	readonly #relay: string;
	readonly #channel: string;
	#reason: string | undefined;
	#wasConnected = false;

	constructor(relay: string, channel: string) {
		this.#relay = relay;
		this.#channel = channel;
	}

	tell(told: Told): void {
		if (told.what === 'gap') say(describeGap(told.gap));
		else if (told.what === 'refresh') {
			const { from, to } = told.refresh;
			say(`changes ${from} to ${to} are no longer kept: what you have of earlier events may be out of date`);
		} else if (told.what === 'cut') {
			if (told.reason === this.#reason) return; // said already; the attempts go on
			this.#reason = told.reason;
			say(
				`${this.#wasConnected ? 'cut off from' : 'waits for'} ${this.#relay}: ${told.reason.replace(/\.$/, '')}. It is tried again.`,
			);
		} else if (told.what === 'connected') {
			if (this.#reason !== undefined || !this.#wasConnected) {
				const from = this.#wasConnected ? 'reads on' : 'connected';
				say(`${from}: ${this.#channel} at ${this.#relay}, after ${told.position}`);
			}
			this.#wasConnected = true;
			this.#reason = undefined;
		}
	}
}

function describeGap({ from, to }: Gap): string {
	if (from === undefined) return 'what was before is lost: here begins another log';
	return from === to ? `event ${from} is no longer kept` : `events ${from} to ${to} are no longer kept`;
}

/** The parameters of the address that say where it begins. */
function chooseStart({ after, since, history, count }: TailOptions): Record<string, string> {
	if (after !== undefined) return { after };
	if (since !== undefined) return { since };
	const limit = history ?? (count === undefined ? undefined : String(Math.min(count, MAX_PAGE_EVENTS)));
	return limit === undefined ? {} : { limit };
}

function refuse(message: string): never {
	throw new FeedError('invalid-parameter', message);
}

function checkAfter(text: string): string {
	if (text !== '0') parsePosition(text);
	return text;
}

function checkSince(text: string): string {
	parseSince(text, Date.now());
	return text;
}

function checkHistory(text: string): string {
	if (/^\d{1,4}$/.test(text) && Number(text) <= MAX_PAGE_EVENTS) return text;
	return refuse(`Expected a number of events from 0 to ${MAX_PAGE_EVENTS}.`);
}

function parseTypes(text: string): string[] {
	const types = splitList(text);
	if (types.length > 0 && types.every(isTypePattern)) return types;
	return refuse('Expected a type such as deploy.done, a prefix such as deploy.*, or several of them with commas.');
}

function parseStatuses(text: string): Status[] {
	const statuses = splitList(text);
	if (statuses.length > 0 && statuses.every(isStatus)) return statuses;
	return refuse(`Expected one of ${STATUSES.join(', ')}, or several of them with commas.`);
}

function parseCount(text: string): number {
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
	return refuse('Expected a number of events from 1 on.');
}
