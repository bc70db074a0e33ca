// What a relay needs of the machine it is to run on, looked at one by one.
// Knows Node, ports, folders, disks, engines and clocks; never knows how it is shown. It leaves nothing behind.
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { promisify, stripVTControlCharacters } from 'node:util';
import { adviseAddress } from '../run/advice.ts';
import { connectionsWithin, readDescriptorLimit } from '../run/descriptors.ts';
import { describeAddress, type EngineName } from '../run/engine.ts';
import { findPartyKit } from '../run/partykit-engine.ts';
import { bracket, checkAddress, isLoopback, reachable, resolveHost } from '../run/port.ts';
import { readSources } from '../run/settings-file.ts';
import { isInUse, readOwner } from '../run/state-lock.ts';
import { describeTrust, messageOf, showPath } from '../run/terminal.ts';
import { findWorkerd } from '../run/workerd-engine.ts';
import { isSetting, readSettings } from '../settings.ts';
import type { Finding } from './findings.ts';
import { collectEffective } from './settings.ts';
import { formatCount } from './terminal.ts';

/** The oldest Node that runs it, and the first that it was not tried with. */
const [OLDEST_NODE, UNTRIED_NODE] = ['20.19.0', '25.0.0'];
const MIN_FREE_BYTES = 100e6;
const LOW_FREE_BYTES = 1e9;
/** Fewer connections than these are worth a warning. */
const LOW_CONNECTIONS = 1000;
/** Nobody had this relay before; a clock that says so is wrong. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** What a clock may be set back without harm, milliseconds. */
const CLOCK_SLACK_MS = 2000;
const TIMEOUT_MS = 3000;
/** Files that are looked at for their time. */
const MAX_FILES = 2000;
/** What is looked at, and what of it is advised. */
export interface Surroundings {
	environment: NodeJS.ProcessEnv;
	/** Node's version, without a `v`. */
	node: string;
	/** Where channels are stored. */
	stateDir: string;
	/** The engine that runs the relay. */
	engine: EngineName;
	/** The version of each engine that the relay was tried with. */
	versions: Readonly<Record<EngineName, string>>;
	/** What installs the engine. */
	install: string;
	/** What starts a relay. */
	command: string;
	now: () => number;
}

/** Every check, in the order in which they are told. */
export async function checkAll(around: Surroundings): Promise<Finding[]> {
	const [port, storage, disk, engine, clock] = await Promise.all([
		checkPort(around),
		checkStorage(around),
		checkDisk(around),
		checkEngine(around),
		checkClock(around),
	]);
	const connections = judgeConnections(readDescriptorLimit());
	return [checkNode(around.node), port, storage, disk, connections, engine, checkSettings(around), clock];
}

export function checkNode(version: string): Finding {
	const name = 'Node';
	const advice = `Install Node 20.19 to 24: https://nodejs.org`;
	if (compare(version, OLDEST_NODE) < 0) {
		return { name, standing: 'wrong', text: `${version} is too old; the relay needs 20.19 or later.`, advice };
	}
	if (compare(version, UNTRIED_NODE) < 0) return { name, standing: 'ok', text: version };
	return { name, standing: 'warning', text: `${version} was not tried; 20.19 to 24 were.`, advice };
}

function compare(one: string, other: string): number {
	const [a = [], b = []] = [one, other].map((version) => version.split('.').map((part) => Number.parseInt(part, 10)));
	const at = a.findIndex((part, index) => part !== b[index]);
	return at === -1 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Can it be listened on, and if not, who has it? */
export async function checkPort({ environment, command }: Surroundings): Promise<Finding> {
	const name = 'Port';
	const port = Number(environment.PORT || 1999);
	const host = environment.HOST || '127.0.0.1';
	if (!Number.isInteger(port) || port < 1 || port > 65_535) {
		const advice = `Give a number from 1 to 65535: PORT=3000 ${command}`;
		return { name, standing: 'wrong', text: `PORT=${environment.PORT} is not a port.`, advice };
	}
	const address = await resolveHost(host);
	const problem = address === undefined ? 'no-host' : await checkAddress(port, address);
	if (!problem) return { name, standing: 'ok', text: `${port} of ${host} is free.` };
	const advice = adviseAddress(problem, { command, port });
	if (problem !== 'port-busy' || address === undefined)
		return { name, standing: 'wrong', text: describeAddress(problem, port, host), advice };
	if (!(await isRelay(port, address)))
		return { name, standing: 'wrong', text: `${port} is taken by a process that is no live-feed relay.`, advice };
	const other = `A second one needs a port of its own: PORT=${port === 65_535 ? 1999 : port + 1} ${command}`;
	return { name, standing: 'warning', text: `A live-feed relay answers on ${port} already.`, advice: other };
}

/** True where a relay answers at the address, or at 127.0.0.1, where another process takes the port as well. */
async function isRelay(port: number, address: string): Promise<boolean> {
	const answers = [...new Set([reachable(address), '127.0.0.1'])].map(async (host) => {
		try {
			const response = await fetch(`http://${bracket(host)}:${port}/health`, {
				headers: { connection: 'close' },
				redirect: 'manual',
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
			const health = await response.json();
			return health?.status === 'ok' && typeof health.time === 'number';
		} catch {
			return false;
		}
	});
	return (await Promise.all(answers)).includes(true);
}

/** Can the folder be written, or made where it is not there yet? */
export async function checkStorage({ stateDir, command }: Surroundings): Promise<Finding> {
	const name = 'Storage';
	const owner = readOwner(stateDir);
	if (owner && (await isInUse(stateDir, owner))) {
		const text = `Process ${owner.pid} keeps its channels in ${showPath(stateDir)}.`;
		const advice = `A second relay needs a folder of its own: LIVE_FEED_STATE=${showPath(stateDir)}-2 ${command}`;
		return { name, standing: 'warning', text, advice };
	}
	const folder = await findFolder(stateDir);
	try {
		const probe = await mkdtemp(path.join(folder, '.live-feed-check-'));
		try {
			await writeFile(path.join(probe, 'probe'), 'written', { flush: true });
		} finally {
			await rm(probe, { recursive: true, force: true });
		}
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException; // of the file system
		const text = `${showPath(stateDir)} cannot be written (${code}).`;
		const advice = `Give yourself the right to write ${folder}, or store elsewhere: LIVE_FEED_STATE=… ${command}`;
		return { name, standing: 'wrong', text, advice };
	}
	const text = folder === stateDir ? 'can be written.' : 'is made by the first start.';
	return { name, standing: 'ok', text: `${showPath(stateDir)} ${text}` };
}

/** The folder itself, or what there is of the way to it. */
async function findFolder(folder: string): Promise<string> {
	for (let at = folder; ; at = path.dirname(at)) {
		const found = await stat(at).catch(() => undefined);
		if (found || at === path.dirname(at)) return at;
	}
}

export async function checkDisk({ stateDir }: Surroundings): Promise<Finding> {
	const name = 'Disk';
	const { bavail, bsize, files, ffree } = await statfs(await findFolder(stateDir));
	return judgeDisk(bavail * bsize, files > 0 && ffree === 0, name);
}

/** `isFull`: no more files can be made, though there is room. */
export function judgeDisk(freeBytes: number, isFull: boolean, name = 'Disk'): Finding {
	const free = `${formatBytes(freeBytes)} are free`;
	const advice = 'Make room, or store elsewhere: LIVE_FEED_STATE. LIVE_FEED_KEEP_ENTRIES bounds what a channel keeps.';
	if (isFull) return { name, standing: 'wrong', text: `${free}, and not one more file can be made.`, advice };
	if (freeBytes < MIN_FREE_BYTES) return { name, standing: 'wrong', text: `Only ${free}.`, advice };
	return freeBytes < LOW_FREE_BYTES
		? { name, standing: 'warning', text: `Only ${free}.`, advice }
		: { name, standing: 'ok', text: `${free}.` };
}

function formatBytes(bytes: number): string {
	return bytes < 1e9 ? `${Math.floor(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** `limit` is of descriptors. Undefined where the system does not tell. */
export function judgeConnections(limit: number | undefined): Finding {
	const name = 'Connections';
	if (limit === undefined) return { name, standing: 'ok', text: 'This system does not say how many there may be.' };
	const text = `${connectionsWithin(limit).toLocaleString('en')} at once: a process may have ${formatCount(limit, 'file')} open.`;
	if (connectionsWithin(limit) >= LOW_CONNECTIONS) return { name, standing: 'ok', text };
	return {
		name,
		standing: 'warning',
		text,
		advice: `Raise the hard limit, such as to 65536: ulimit -Hn, or LimitNOFILE of the unit.`,
	};
}

/** Is the engine there, is it the version that the relay was tried with, and does it run on this system? */
export async function checkEngine({ engine, versions, install }: Surroundings): Promise<Finding> {
	const name = 'Engine';
	const label = engine === 'workerd' ? 'workerd' : 'PartyKit';
	let binary: string;
	let version: string | undefined;
	try {
		const program = engine === 'workerd' ? findWorkerd() : findPartyKit();
		binary = engine === 'workerd' ? program : findSimulated(program);
		const manifest =
			engine === 'workerd' ? findManifest('workerd') : path.join(path.dirname(program), '..', 'package.json');
		version = await readVersion(manifest);
	} catch (error) {
		return { name, standing: 'wrong', text: messageOf(error), advice: `Install it: ${install}` };
	}
	const wanted = versions[engine];
	if (version !== wanted) {
		const text = `${label} ${version ?? 'without a version'} is installed; the relay was tried with ${wanted} alone.`;
		return { name, standing: 'wrong', text, advice: `Install that version: ${install}` };
	}
	const failure = await tryEngine(binary);
	if (failure === undefined) return { name, standing: 'ok', text: `${label} ${wanted} runs.` };
	const text = `${label} ${wanted} is installed, and its engine does not run here: ${failure}`;
	const advice =
		'The engine (workerd) needs Linux with glibc 2.35 or later, macOS 13.5 or Windows, on x64 or arm64. After npm install --ignore-scripts: npm rebuild workerd esbuild';
	return { name, standing: 'wrong', text, advice };
}

function findManifest(name: string): string {
	return createRequire(import.meta.url).resolve(`${name}/package.json`);
}

/** The engine that PartyKit brings. */
function findSimulated(partykit: string): string {
	const simulator = createRequire(partykit).resolve('miniflare');
	return path.join(path.dirname(createRequire(simulator).resolve('workerd')), '..', 'bin', 'workerd');
}

async function readVersion(manifest: string): Promise<string | undefined> {
	try {
		return JSON.parse(await readFile(manifest, 'utf8')).version;
	} catch {
		return undefined; // there is none, or it is none
	}
}

/** Returns why an engine does not run. Undefined where it does. */
async function tryEngine(binary: string): Promise<string | undefined> {
	try {
		await promisify(execFile)(binary, ['--version'], { timeout: TIMEOUT_MS });
		return undefined;
	} catch (error) {
		const { stderr, message } = error as { stderr?: string; message: string };
		return (stderr || message).trim().split('\n')[0];
	}
}

/** Would the relay take them, and is any name a slip? */
export function checkSettings({ environment }: Surroundings): Finding {
	const name = 'Settings';
	const { PORT: port, ...rest } = environment; // the port has been looked at
	const { wrong, notes, settings } = collectEffective(rest);
	const advice = 'live-feed settings says which hold here, and where they come from.';
	if (wrong.length > 0) return { name, standing: 'wrong', text: wrong.join(' '), advice };
	const slips = notes.filter((note) => note.startsWith('LIVE_FEED_'));
	if (slips.length > 0) {
		return { name, standing: 'warning', text: slips.join(' '), advice: `Look for a slip in the name. ${advice}` };
	}
	const set = settings.filter((setting) => isSetting(setting.name) && setting.from !== 'default');
	const given = set.length === 0 ? 'None is set.' : `${set.length} ${set.length === 1 ? 'is' : 'are'} set and right.`;
	const { fromFile, fromEnvironment } = readSources(environment);
	const read = readSettings({ ...fromFile, ...fromEnvironment });
	const host = environment.HOST || '127.0.0.1';
	const trust = stripVTControlCharacters(describeTrust(host, Number(port || 1999), read));
	return { name, standing: read.isOpen && !isLoopback(host) ? 'warning' : 'ok', text: `${given} ${trust}` };
}

/** Is it a day on which this can run, and not before what is stored? */
export async function checkClock({ stateDir, now }: Surroundings): Promise<Finding> {
	return judgeClock(now(), await findNewest(stateDir));
}

/** `stored`: when the newest file was written; both in milliseconds since 1970. */
export function judgeClock(now: number, stored: number | undefined): Finding {
	const name = 'Clock';
	const shown = `${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
	const advice = 'Set it, and keep it right: timedatectl set-ntp true, or chrony. Tokens hold by the clock.';
	if (now < EARLIEST) return { name, standing: 'wrong', text: `It is not ${shown}.`, advice };
	if (stored !== undefined && stored > now + CLOCK_SLACK_MS) {
		const ahead = new Date(stored).toISOString().slice(0, 16).replace('T', ' ');
		const text = `${shown}, and what is stored was written later, at ${ahead} UTC: the clock went back.`;
		return { name, standing: 'wrong', text, advice };
	}
	return { name, standing: 'ok', text: `${shown}.` };
}

async function findNewest(stateDir: string): Promise<number | undefined> {
	const entries = await readdir(stateDir, { recursive: true, withFileTypes: true }).catch(() => []);
	const files = entries.filter((entry) => entry.isFile()).slice(0, MAX_FILES);
	const times = await Promise.all(
		files.map(({ parentPath, name }) =>
			stat(path.join(parentPath, name)).then(
				({ mtimeMs }) => mtimeMs,
				() => 0, // gone meanwhile
			),
		),
	);
	return times.length > 0 ? Math.max(...times) : undefined;
}

/** Of this process, as a relay that it starts would find them. */
export function findSurroundings(
	more: Pick<Surroundings, 'engine' | 'versions' | 'install' | 'command' | 'stateDir'>,
): Surroundings {
	const stateDir = path.resolve(process.env.LIVE_FEED_STATE || more.stateDir);
	return { ...more, stateDir, environment: process.env, node: process.versions.node, now: Date.now };
}
