#!/usr/bin/env node
// Publishes real records to a relay over HTTP, each with the time at which it happened.
// Knows git's log, dpkg.log, changelogs and one address of the relay; never knows anything of its inside.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { gunzipSync } from 'node:zlib';

const USAGE = `Publishes real records to a live-feed relay, oldest first, each with the time at which it happened.

  node demo/publish-records.mjs git [FOLDER]   the commits of a repository; this one unless given
  node demo/publish-records.mjs log FILE       the lines of dpkg.log, of a Debian changelog, or of another log; plain or .gz

  --relay ADDRESS   LIVE_FEED_RELAY, or http://localhost:1999, unless given
  --channel NAME    git or log unless given
  --last NUMBER     only the newest records

A second run publishes nothing twice. A relay keeps the newest 10,000 entries of a channel, and remembers as many keys,
unless it is set to keep more.

Exit codes: 0 all of it is stored, 1 the relay refused some of it, 2 not used rightly, nothing to read, or no relay there.
`;

/** Well within what the relay takes at once: 1 MiB and 5,000 events. */
const MAX_BATCH_BYTES = 512 * 1024;
const MAX_BATCH_EVENTS = 1000;
const MAX_TEXT_BYTES = 8 * 1024;
const MAX_NAME_CHARS = 80;
const MAX_PATHS = 20;
const KEPT_ENTRIES = 10_000;
const ATTEMPTS = 4;

/** Nothing was published, and the reader can do something about it. */
class UsageError extends Error {}

/** `Ada Lovelace`, and never an address. */
function parseName(text) {
	const name = dropControls(text.replace(/<[^>]*>|[\u202a-\u202e\u2066-\u2069]/g, '')).trim();
	return [...(name.includes('@') ? name.slice(0, name.indexOf('@')) : name)].slice(0, MAX_NAME_CHARS).join('');
}

/** Colours of a terminal, and what else a relay refuses in a name or a sentence. */
function dropControls(text) {
	return stripVTControlCharacters(text).replace(/(?!\t)\p{Cc}/gu, '');
}

function cutText(line) {
	const text = dropControls(line);
	const bytes = Buffer.from(text);
	if (bytes.length <= MAX_TEXT_BYTES) return text;
	return `${bytes
		.subarray(0, MAX_TEXT_BYTES - 8)
		.toString()
		.replace(/\uFFFD+$/, '')}…`;
}

/** Commits → drafts, parents before children. The key is the commit's own name. */
function readCommits(folder) {
	const format = '--format=%x1e%H%x1f%aN%x1f%at%x1f%s';
	const options = [
		'-c',
		'core.quotePath=false',
		'log',
		'--reverse',
		'--topo-order',
		'--no-renames',
		'--numstat',
		format,
	];
	let output;
	try {
		output = execFileSync('git', ['-C', folder, ...options], {
			encoding: 'utf8',
			maxBuffer: 1 << 30,
			stdio: ['ignore', 'pipe', 'pipe'],
		});
	} catch (error) {
		const reason = String(error.stderr || error.message)
			.trim()
			.split('\n')[0];
		throw new UsageError(`git log in ${folder} failed: ${reason}`);
	}
	return output.split('\x1e').slice(1).map(parseCommit);
}

function parseCommit(record) {
	const [head, ...lines] = record.split('\n');
	const [hash, author, seconds, subject] = head.split('\x1f');
	const changes = lines.filter((line) => line !== '').map((line) => line.split('\t'));
	// A binary file has a dash in place of a number.
	const sum = (column) => changes.reduce((total, change) => total + (Number(change[column]) || 0), 0);
	const name = parseName(author);
	return {
		type: 'git.commit',
		text: cutText(subject),
		...(name ? { actor: { name, kind: /\bbot\b/i.test(author) ? 'bot' : 'person' } } : {}),
		data: {
			hash,
			files: changes.length,
			added: sum(0),
			removed: sum(1),
			paths: changes.slice(0, MAX_PATHS).map((change) => change[2]),
		},
		at: Number(seconds) * 1000,
		key: hash,
	};
}

/** A log's lines → drafts, oldest first. The key is the line's number and content. */
function readLog(file) {
	let bytes;
	try {
		bytes = readFileSync(file);
		if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
	} catch (error) {
		throw new UsageError(`${file} cannot be read: ${error.message}`);
	}
	const lines = bytes
		.toString('utf8')
		.split(/\r?\n/)
		.map((line, index) => ({ line: line.trimEnd(), number: index + 1 }))
		.filter(({ line }) => line !== '');
	const first = lines[0]?.line ?? '';
	const read = RELEASE.test(first) ? readChangelog : readLines;
	return read(lines).map(({ number, line, ...draft }) => ({
		...draft,
		text: cutText(draft.text),
		key: `${number}-${createHash('sha256').update(line).digest('hex').slice(0, 40)}`,
	}));
}

const DPKG = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (([a-z]+) .*)$/;
const DATED = /^(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)\s+(.*)$/;
/** Steps on the way from one state to the next. */
const DPKG_STEP = /^(startup|status (half-|unpacked|triggers-))/;

/** dpkg.log, or lines that begin with a date: the text is what comes after it. A line without one happened with the line before. */
function readLines(lines) {
	let at;
	return lines.map(({ line, number }) => {
		const dpkg = DPKG.exec(line);
		const [, date, rest] = dpkg ?? DATED.exec(line) ?? [];
		const time = date === undefined ? Number.NaN : Date.parse(date.replace(',', '.'));
		if (!Number.isNaN(time)) at = time;
		return {
			...{ line, number, type: dpkg ? `dpkg.${dpkg[3]}` : 'log.line' },
			text: Number.isNaN(time) ? line : rest,
			...(dpkg && DPKG_STEP.test(rest) ? { level: 'debug' } : {}),
			...(at === undefined ? {} : { at }),
		};
	});
}

const RELEASE = /^\S+ \([^)]+\) [^;]+;.*\burgency=(\w+)/;
const SIGNATURE = /^ -- (.*?)\s*<[^>]*>\s+(.+)$/;

/** A Debian changelog has its newest release first, and says under each who made it and when. */
function readChangelog(lines) {
	const releases = [];
	for (const entry of lines) {
		if (RELEASE.test(entry.line)) releases.push([]);
		releases.at(-1).push(entry);
	}
	return releases.reverse().flatMap((release) => {
		const [, author = '', date = ''] = release.map(({ line }) => SIGNATURE.exec(line)).find(Boolean) ?? [];
		const at = Date.parse(date);
		const name = parseName(author);
		const [, urgency] = RELEASE.exec(release[0].line);
		const isUrgent = /^(high|emergency|critical)$/.test(urgency);
		return release.map(({ line, number }, index) => ({
			...{ line, number, type: `changelog.${index === 0 ? 'release' : SIGNATURE.test(line) ? 'signature' : 'change'}` },
			text: line.replace(/\s*<[^<>\s]+@[^<>\s]+>/g, '').trim(),
			...(index === 0 && isUrgent ? { level: 'warning' } : {}),
			...(name ? { actor: { name } } : {}),
			...(Number.isNaN(at) ? {} : { at }),
		}));
	});
}

/** Drafts → bodies of NDJSON, each within the relay's limits, in order. */
function* formatBatches(drafts) {
	let lines = [];
	let bytes = 0;
	for (const draft of drafts) {
		const line = `${JSON.stringify(draft)}\n`;
		const length = Buffer.byteLength(line);
		if (lines.length === MAX_BATCH_EVENTS || (lines.length > 0 && bytes + length > MAX_BATCH_BYTES)) {
			yield lines.join('');
			lines = [];
			bytes = 0;
		}
		lines.push(line);
		bytes += length;
	}
	if (lines.length > 0) yield lines.join('');
}

/** Publishes one after the other, so that the channel has the order of the source. */
async function publishAll(drafts, relay, channel) {
	const url = `${relay}/channels/${encodeURIComponent(channel)}/events`;
	const done = { published: 0, duplicates: 0, refused: 0, reason: '' };
	for (const body of formatBatches(drafts)) {
		const { status, answer } = await post(url, body);
		if (!Array.isArray(answer?.events)) {
			// Not one of them was looked at, and what follows may not overtake them.
			done.reason ||= answer?.detail ?? `${url} answered ${status}, which is not what a relay answers.`;
			done.refused = drafts.length - done.published - done.duplicates;
			return done;
		}
		for (const { error, duplicate } of answer.events) {
			if (error) done.reason ||= error.detail;
			done[error ? 'refused' : duplicate ? 'duplicates' : 'published'] += 1;
		}
	}
	return done;
}

/** Tried again where that may help: the keys keep it from being stored twice. */
async function post(url, body) {
	for (let attempt = 1; ; attempt++) {
		const { problem, status, answer, waitMs } = await tryPost(url, body);
		const isFinal = attempt === ATTEMPTS || !(problem || answer?.retryable);
		if (isFinal && problem) throw new UsageError(problem);
		if (isFinal) return { status, answer };
		await delay(waitMs);
	}
}

async function tryPost(url, body) {
	let response;
	try {
		response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' }, body });
	} catch (error) {
		// It may be starting again, as it does when its source is saved.
		const problem = `No relay answers at ${new URL(url).origin} (${error.cause?.code ?? error.message}).`;
		return { problem: `${problem} Start one with \`npm start\`, or name another with --relay.`, waitMs: 500 };
	}
	try {
		const waitMs = (Number(response.headers.get('retry-after')) || 1) * 1000;
		return { status: response.status, answer: await response.json(), waitMs };
	} catch {
		throw new UsageError(`${url} answered ${response.status}, and not as a relay does. Name the relay with --relay.`);
	}
}

function parseCommand(args) {
	try {
		const { values, positionals } = parseArgs({
			args,
			allowPositionals: true,
			options: {
				relay: { type: 'string', default: process.env.LIVE_FEED_RELAY || 'http://localhost:1999' },
				channel: { type: 'string' },
				last: { type: 'string' },
				help: { type: 'boolean', short: 'h' },
			},
		});
		const [command, source, ...more] = positionals;
		if (values.help) return { help: true };
		if (more.length > 0) throw new UsageError(`\`${more[0]}\` is one too many.`);
		if (command !== 'git' && command !== 'log')
			throw new UsageError('Say what to publish: `git`, or `log` and a file.');
		if (command === 'log' && source === undefined) throw new UsageError('Say which file: `log /var/log/dpkg.log`.');
		if (values.last !== undefined && !/^[1-9]\d*$/.test(values.last))
			throw new UsageError('--last is a number of records.');
		if (!/^https?:$/.test(URL.canParse(values.relay) ? new URL(values.relay).protocol : '')) {
			throw new UsageError('--relay is an address such as http://localhost:1999.');
		}
		const relay = values.relay.replace(/\/+$/, '');
		return { command, source, relay, channel: values.channel ?? command, last: Number(values.last ?? Infinity) };
	} catch (error) {
		throw new UsageError(`${error.message}\n\n${USAGE.trimEnd()}`);
	}
}

async function main(args) {
	const { help, command, source, relay, channel, last } = parseCommand(args);
	if (help) {
		process.stdout.write(USAGE);
		return 0;
	}
	const here = fileURLToPath(new URL('..', import.meta.url));
	const all = command === 'git' ? readCommits(source ?? here) : readLog(source);
	const drafts = last < all.length ? all.slice(-last) : all;
	if (drafts.length === 0) throw new UsageError('There is nothing to publish.');
	const { published, duplicates, refused, reason } = await publishAll(drafts, relay, channel);
	console.log(
		`${channel}: ${published} published, ${duplicates} there already, ${refused} refused, of ${drafts.length} records at ${relay}`,
	);
	if (drafts.length > KEPT_ENTRIES) {
		console.log(
			`A relay keeps the newest ${KEPT_ENTRIES} entries of a channel unless it is set to keep more: LIVE_FEED_KEEP_ENTRIES.`,
		);
	}
	if (refused > 0) console.error(`The first refusal: ${reason}`);
	return refused > 0 ? 1 : 0;
}

try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	console.error(error.message);
	process.exitCode = 2;
}
