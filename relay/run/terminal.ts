// What the commands that run a relay say in a terminal.
// Knows words, colours and what of PartyKit's own talk is noise; never knows processes.
import path from 'node:path';
import process from 'node:process';
import type { Settings } from '../settings.ts';
import { formatBase, isLoopback } from './port.ts';

const hasColour = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const red = paint(31);
const yellow = paint(33);

/** Writes one indented line. */
export function say(text: string): void {
	process.stdout.write(`  ${text}\n`);
}

/** Writes what went wrong, and what to do about it. */
export function complain(problem: string, advice: string): void {
	process.stderr.write(`\n  ${red('✗')} ${bold(problem)}\n`);
	for (const line of advice.split('\n')) process.stderr.write(`    ${line}\n`);
	process.stderr.write('\n');
}

/** Something that happened while running, with the time of day. */
export function report(text: string, isBad = false): void {
	say(`${dim(new Date().toTimeString().slice(0, 8))} ${isBad ? yellow(text) : text}`);
}

/** The one screen that matters: where everything is, and something to paste. */
export function announce(running: {
	port: number;
	host: string;
	stateDir: string;
	isWatching: boolean;
	settings: Settings;
}): void {
	const { port, host, stateDir, isWatching, settings } = running;
	const base = formatBase(host, port);
	const events = `${base}/channels/demo/events`;
	const row = (name: string, value: string) => `${dim(name.padEnd(9))}${value}`;
	const lines = [
		'',
		`${green('●')} ${bold('Running')}${isWatching ? dim('  and rebuilding at every save') : ''}`,
		'',
		row('Demo', `${base}/`),
		row('Script', `${base}/live-feed.js`),
		row('Health', `${base}/health`),
		row('State', showPath(stateDir)),
		'',
		row('Publish', bold(`curl -d 'text=Hello from the terminal' ${base.includes('[') ? `'${events}'` : events}`)),
		'',
		describeTrust(host, port, settings),
		dim('Ctrl-C stops it.'),
		'',
	];
	// In one piece, so that who waits for the first word has the rest too.
	process.stdout.write(lines.map((line) => (line === '' ? '\n' : `  ${line}\n`)).join(''));
}

/** Returns who can use the relay. The operator must not overlook that. */
export function describeTrust(host: string, port: number, { isOpen, publicChannels, origins }: Settings): string {
	const pages = origins ? `pages of ${origins.join(', ')}` : 'pages of any origin';
	if (!isOpen) {
		const open = publicChannels.length > 0 ? `; anybody reads ${publicChannels.join(', ')}` : '';
		return dim(`Asks for tokens${open}; ${pages}.`);
	}
	return isLoopback(host)
		? dim(
				'Open: only this machine reaches it, and all programs on it can read and publish. LIVE_FEED_SECRET requires tokens.',
			)
		: yellow(
				`Open on ${host}: everyone who reaches port ${port} can read and publish. LIVE_FEED_SECRET requires tokens.`,
			);
}

/** What clients provoke by bytes that are no HTTP and no WebSocket, which any of them could fill a log with. */
const PROVOKED =
	/WebSocket protocol error|another message send is already in progress|invalid Content-Length|unknown transfer encoding|invalid HTTP chunk|CONNECT is not implemented|export a connect\(\) function/;

/**
 * True for what PartyKit prints about itself and each request, and what an engine prints about clients that have left or broken a
 * protocol. Other errors and the relay's own lines are none.
 */
export function isNoise(line: string): boolean {
	// A plain stream ends before the length that it was given, and that is how it is meant.
	if (line.includes('FixedLengthStream did not see all expected bytes')) return true;
	return (
		/^(🎈|-+$|Build succeeded|\[pk:inf\]|Loading environment variables|⎔|▲ \[WARNING\] kj\/)/u.test(line) ||
		/\berror: .*\bdisconnected: |^\s*stack: .*workerd@|Error: Network connection lost/.test(line) ||
		(/\berror: |\bconnect event/.test(line) && PROVOKED.test(line))
	);
}

/** How an engine says that it failed at storage. The relay says which channel's it was, and the engine says it at every request. */
const OF_STORAGE = /workerd\/util\/sqlite\.c\+\+:\d+: failed: .*?(SQLITE_\w+)/;

/** Returns a function that is true for what an engine has said of its storage before. */
export function createRepeatFilter(): (line: string) => boolean {
	const said = new Set<string>();
	return (line) => {
		const [, code] = OF_STORAGE.exec(line) ?? [];
		if (code === undefined) return false;
		const isRepeated = said.has(code);
		said.add(code); // of SQLite's codes, which are few
		return isRepeated;
	};
}

export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}

/** From the folder one is in, where it lies below it. */
export function showPath(file: string): string {
	const near = path.relative(process.cwd(), file);
	return near.startsWith('..') ? file : near || '.';
}
