// `live-feed publish`: an argument, lines or drafts from standard input, or a file that grows → events.
// Knows options and what becomes of a draft; never knows connections or files.
import process from 'node:process';
import { stripVTControlCharacters } from 'node:util';
import { type Command, Option } from 'commander';
import { parseDraft } from '../protocol/draft.ts';
import { FeedError } from '../protocol/errors.ts';
import { type ChangeDraft, type Draft, type Json, LEVELS } from '../protocol/event.ts';
import { MAX_EVENT_BYTES, MAX_TEXT_BYTES } from '../protocol/limits.ts';
import { parseChannel } from '../protocol/types.ts';
import { ACCESS_HELP, type AccessOptions, addAccess, adviseToken, readAccess } from './access.ts';
import { FileFollower } from './follower.ts';
import { type Line, LineSplitter } from './lines.ts';
import { Outbox, type Outcome } from './outbox.ts';
import { clean, formatCount, Output, say } from './terminal.ts';
import { addVerb, EXIT_CODES, Failure, readSpan, readWith } from './verb.ts';

const HELP = `
The arguments are the text of one event, with spaces between; '' is none, for
an event that is its type alone. Without any, and where standard input is no
terminal, each line of it is the text of an event. Empty lines are passed over.
A relay takes no control characters in a text: of a line, colours are left out
and others become \ufffd; one over ${MAX_TEXT_BYTES} bytes is cut, and whole in \`data.line\`.

  live-feed publish deploys Deploy 214 finished --level success
  grep error app.log | live-feed publish app --type app.error --level error
  live-feed publish app --follow /var/log/app.log

Each event is stored once and in order, however often it has to be sent. While
the relay is away little more is read, and what waits is sent once it is back.
At the end, and after Ctrl-C, it is waited for --timeout, and what was not sent
is said.
${ACCESS_HELP}${EXIT_CODES}`;

/** After Ctrl-C, standard input that brings nothing for so long is at its end, milliseconds. */
const QUIET_MS = 250;

interface PublishOptions extends AccessOptions {
	type?: string;
	level?: string;
	actor?: string;
	url?: string;
	data?: string;
	at?: string;
	replyTo?: string;
	status?: string;
	key?: string;
	lines?: true;
	ndjson?: true;
	follow?: string;
	fromStart?: true;
	receipts?: true;
	timeout: number;
}

/** Where a draft came from, and what it is, or why it is none. */
type Item = { place: string } & ({ draft: Draft | ChangeDraft } | { refusal: FeedError });

export function addPublish(program: Command): void {
	const timeout = new Option('--timeout <span>', 'how long the relay is waited for at the end')
		.argParser(readSpan)
		.default(10_000, '10s');
	const publish = addVerb(program, 'publish')
		.description('publish events: arguments, standard input, or a file that grows')
		.argument('<channel>', 'the channel', readWith(parseChannel))
		.argument('[text...]', 'the text of one event')
		.option('--type <type>', 'what one subscribes to, such as deploy.done; message unless given')
		.option('--level <level>', `${LEVELS.join(', ')}; info unless given`)
		.option('--actor <name>', 'who did it: a name, or JSON such as {"name": "Ada", "kind": "bot"}')
		.option('--url <address>', 'http, https or mailto')
		.option('--data <json>', 'any JSON')
		.option('--at <time>', 'when it happened: a date, or milliseconds since 1970')
		.option('--reply-to <id>', 'the id of the event that it answers')
		.option('--status <status>', 'open makes it a piece of work')
		.option('--key <key>', 'of one event: published again with the same key, it is not stored again')
		.option('--lines', 'standard input is an event a line')
		.option('--ndjson', 'standard input is a draft a line, as JSON; options fill in what it leaves out')
		.option('--follow <file>', 'an event for each line that a file gets, also when it is rotated or cut short')
		.option('--from-start', 'with --follow: the lines too that are there already')
		.option('--receipts', 'print {"id", "seq", "time", "duplicate"} for each, or {"error"}')
		.addOption(timeout)
		.addHelpText('after', HELP);
	addAccess(publish).action((channel: string, words: string[], options: PublishOptions) =>
		run(channel, words, options, publish),
	);
}

async function run(channel: string, words: string[], options: PublishOptions, command: Command): Promise<void> {
	const fields = readFields(options, command);
	const access = readAccess(options, command);
	const end = new AbortController();
	const items = chooseSource(words, options, fields, end.signal, command);
	const output = new Output(process.stdout);
	const tally = new Tally(channel, access.relay);
	const outbox = new Outbox({
		...{ ...access, channel },
		async onOutcome(outcome) {
			tally.count(outcome);
			if (options.receipts) await output.write(formatOutcome(outcome));
		},
		onWaiting(isWaiting, reason) {
			say(isWaiting ? `waits for ${access.relay}${reason ? `: ${reason}` : ''}` : `${access.relay} answers again`);
		},
	});
	let deadline = Number.POSITIVE_INFINITY;
	const stop = () => {
		if (end.signal.aborted) process.exit(1); // asked twice
		deadline = Date.now() + options.timeout;
		setTimeout(() => outbox.giveUp(), options.timeout).unref();
		end.abort();
	};
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
	let isWhole = true;
	for await (const item of items.read()) {
		await outbox.room();
		if (outbox.isOver) {
			isWhole = false;
			break;
		}
		if ('draft' in item) outbox.send(item.draft, item.place);
		else outbox.refuse(item.refusal, item.place);
	}
	await outbox.close(Math.max(Math.min(deadline - Date.now(), options.timeout), 0));
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
	tally.tell(isWhole ? 0 : items.unread());
}

/** What was published, what was not, and why. */
class Tally {
	readonly #channel: string;
	readonly #relay: string;
	#stored = 0;
	#duplicates = 0;
	#refused = 0;
	#unsent = 0;
	#last = '';
	#firstUnsent = '';
	#reason: FeedError | undefined;

	constructor(channel: string, relay: string) {
		this.#channel = channel;
		this.#relay = relay;
	}

	count(outcome: Outcome): void {
		if ('receipt' in outcome) {
			this.#stored++;
			if (outcome.receipt.duplicate) this.#duplicates++;
			this.#last = outcome.receipt.id;
		} else if ('refusal' in outcome) {
			this.#refused++;
			say(`${outcome.place} was refused: ${outcome.refusal.message}`);
		} else {
			if (this.#unsent++ === 0) this.#firstUnsent = outcome.place;
			this.#reason ??= outcome.unsent;
		}
	}

	/** @throws Failure where something was not published */
	tell(unread: number): void {
		const parts = [`${formatCount(this.#stored, 'event')} published to ${this.#channel}`];
		if (this.#stored > 0) parts.push(this.#stored === 1 ? `id ${this.#last}` : `the last is ${this.#last}`);
		if (this.#duplicates > 0) parts.push(`${this.#duplicates} of them stored before`);
		if (this.#refused > 0) parts.push(`${this.#refused} refused`);
		if (this.#stored + this.#refused > 0 || this.#unsent + unread === 0) say(`${parts.join(', ')}.`);
		if (this.#unsent === 0 && unread === 0) {
			if (this.#refused > 0) throw new Failure();
			return;
		}
		const left = [
			...(this.#unsent > 0
				? [
						`${formatCount(this.#unsent, 'event')} not sent${this.#unsent > 1 ? `, the first of them ${this.#firstUnsent}` : ''}`,
					]
				: []),
			...(unread > 0 ? [`${formatCount(unread, 'byte')} not read`] : []),
		];
		throw new Failure(`${left.join('; ')}. ${this.#explain()}`);
	}

	#explain(): string {
		const reason = this.#reason ?? { code: 'closed', message: '' };
		if (reason.code === 'closed') return `${this.#relay} has not answered in time; give it more with --timeout.`;
		return adviseToken(reason) ?? `${this.#relay}: ${reason.message}`;
	}
}

function formatOutcome(outcome: Outcome): string {
	if ('receipt' in outcome) return `${JSON.stringify(outcome.receipt)}\n`;
	const { code, message } = 'refusal' in outcome ? outcome.refusal : outcome.unsent;
	return `${JSON.stringify({ error: { code, message } })}\n`;
}

/** The fields that options give, checked by themselves, so that a slip in one is told before anything is read. */
function readFields(options: PublishOptions, command: Command): Draft {
	const { type, level, url, key, replyTo, status } = options;
	const given = {
		...{ type, level, url, key, replyTo, status },
		at: /^\d+$/.test(options.at ?? '') ? Number(options.at) : options.at,
		actor: options.actor?.trim().startsWith('{') ? readJson('--actor', options.actor, command) : nameOf(options.actor),
		data: options.data === undefined ? undefined : readJson('--data', options.data, command),
	};
	const fields = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
	try {
		parseDraft({ type: 'message', ...fields });
	} catch (error) {
		return fail(error, command);
	}
	return fields as Draft; // each was looked at just now
}

function nameOf(actor: string | undefined): { name: string } | undefined {
	return actor === undefined ? undefined : { name: actor };
}

function readJson(option: string, text: string, command: Command): Json {
	try {
		return JSON.parse(text);
	} catch {
		return command.error(`error: ${option} is no valid JSON, such as {"name": "Ada"}`);
	}
}

function fail(error: unknown, command: Command): never {
	if (!(error instanceof FeedError)) throw error;
	return command.error(`error: ${error.message}`);
}

interface Source {
	read(): AsyncIterable<Item> | Iterable<Item>;
	/** Bytes of it that nothing was made of. */
	unread(): number;
}

function chooseSource(
	words: readonly string[],
	options: PublishOptions,
	fields: Draft,
	signal: AbortSignal,
	command: Command,
): Source {
	const { lines, ndjson, follow, fromStart, key } = options;
	const ways = [
		words.length > 0 && 'a text',
		lines && '--lines',
		ndjson && '--ndjson',
		follow !== undefined && '--follow',
	];
	const [way, another] = ways.filter(Boolean);
	if (another) return command.error(`error: ${way} and ${another} exclude each other`);
	if (fromStart && follow === undefined) return command.error('error: --from-start belongs to --follow');
	if (words.length > 0) {
		const item = readText(words.join(' '), fields, command);
		return { read: () => [item], unread: () => 0 };
	}
	if (key !== undefined) return command.error('error: --key is of one event; give its text as arguments');
	if (follow !== undefined) {
		const follower = new FileFollower(follow, { isFromStart: fromStart, onNote: say });
		signal.addEventListener('abort', () => follower.stop());
		return { read: () => readItems(follower.lines(), follow, fields, false), unread: () => follower.unread };
	}
	if (process.stdin.isTTY && !lines && !ndjson) {
		return command.error("error: give a text, or pipe lines in; '' publishes an event that is its --type alone");
	}
	return { read: () => readItems(readInput(signal), '', fields, ndjson === true), unread: () => 0 };
}

function readText(text: string, fields: Draft, command: Command): Item {
	const draft = text === '' ? fields : { ...fields, text };
	try {
		return { place: 'the event', draft: parseDraft(draft) };
	} catch (error) {
		return fail(error, command);
	}
}

/** Lines of standard input, until it ends or, after `signal`, nothing more is in it. */
async function* readInput(signal: AbortSignal): AsyncGenerator<Line> {
	const input = process.stdin;
	// Ctrl-C is for the whole pipe: what the program before us has written by then is ours to send.
	let quiet: NodeJS.Timeout | undefined;
	const stop = () => {
		quiet = setTimeout(() => input.destroy(), QUIET_MS);
	};
	signal.addEventListener('abort', stop);
	const splitter = new LineSplitter();
	try {
		for await (const chunk of input) {
			quiet?.refresh();
			yield* splitter.push(chunk as Buffer);
		}
	} catch (error) {
		if (!signal.aborted) throw new Failure(`Standard input cannot be read: ${(error as Error).message}`);
	} finally {
		clearTimeout(quiet);
		signal.removeEventListener('abort', stop);
	}
	const rest = splitter.end();
	if (rest) yield rest;
}

async function* readItems(
	lines: AsyncIterable<Line>,
	file: string,
	fields: Draft,
	isNdjson: boolean,
): AsyncGenerator<Item> {
	let number = 0;
	for await (const { text, bytes, isTooLong } of lines) {
		number++;
		if (text.trim() === '' && !isTooLong) continue;
		const place = file ? `a line of ${file} (${clean(text).slice(0, 40)})` : `line ${number}`;
		try {
			if (isTooLong) {
				throw new FeedError('event-too-large', `A line has at most ${MAX_EVENT_BYTES} bytes; this one has ${bytes}.`);
			}
			yield { place, draft: parseDraft(isNdjson ? readDraft(text, fields) : { ...fields, ...writeText(text) }) };
		} catch (error) {
			if (!(error instanceof FeedError)) throw error;
			yield { place, refusal: error };
		}
	}
}

function readDraft(text: string, fields: Draft): unknown {
	let draft: unknown;
	try {
		draft = JSON.parse(text);
	} catch {
		throw new FeedError('invalid-json', 'It is no valid JSON, such as {"text": "Deploy 214 finished"}.');
	}
	const isDraft = typeof draft === 'object' && draft !== null && !Array.isArray(draft) && !('target' in draft);
	return isDraft ? { ...fields, ...(draft as object) } : draft;
}

/** A line as a text that a relay takes. */
function writeText(line: string): Pick<Draft, 'text' | 'data'> {
	const text = stripVTControlCharacters(line).replace(/(?!\t)\p{Cc}/gu, '\ufffd');
	const bytes = Buffer.from(text);
	if (bytes.length <= MAX_TEXT_BYTES) return { text };
	// Cut between two characters; a decoder that waits for more leaves out half of one.
	const begin = new TextDecoder().decode(bytes.subarray(0, MAX_TEXT_BYTES - 3), { stream: true });
	return { text: `${begin}…`, data: { line: text } };
}
