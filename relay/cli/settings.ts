// `live-feed settings`: what a relay that is started here would run with, and where each setting comes from.
// Knows how settings are shown, and which are secret; never knows what a setting does.
import process from 'node:process';
import type { Command } from 'commander';
import { chooseEngine, readStartTimeout } from '../run/engine.ts';
import { readSources, type SettingSources } from '../run/settings-file.ts';
import { findDefault, isSetting, listSettings, readSettings } from '../settings.ts';
import { clean, createPalette, hasColours } from './terminal.ts';
import { addVerb, Failure } from './verb.ts';

const HELP = `
Shows the settings with which a relay would start here and now: those of the
environment, and of the file that LIVE_FEED_SETTINGS names. A relay that runs
already may have others. Of secrets and tokens only number and length are shown.

Exit codes: 0 a relay would start with them, 1 something is wrong, 2 usage error.
`;

type From = 'environment' | 'file' | 'default';
const FROM_CHARS = 'environment'.length;

interface Shown {
	name: string;
	/** Undefined where it is not set and has no default. What is secret is told by its length. */
	value: string | undefined;
	from: From;
}

export interface Effective {
	/** Nobody has to prove who he is. */
	isOpen: boolean;
	/** The file of settings, where there is one. */
	file: string | undefined;
	settings: Shown[];
	/** Everything for which a relay would not start. */
	wrong: string[];
	/** What is nothing to a relay, and surely meant otherwise. */
	notes: string[];
}

/** Of the command that starts a relay, by the environment alone, with what holds unless they are set. */
const OF_START: Record<string, string> = {
	LIVE_FEED_SETTINGS: 'none',
	LIVE_FEED_STATE: '.live-feed',
	LIVE_FEED_ENGINE: 'workerd',
	LIVE_FEED_START_TIMEOUT: '120',
	PORT: '1999',
	HOST: '127.0.0.1',
};
/** Of the senders in demo/senders, which a machine may have as well. */
const OF_SENDERS = ['LIVE_FEED_CHANNEL'];
/** Of this command. */
const OF_COMMAND: Record<string, string> = { LIVE_FEED_RELAY: 'http://localhost:1999', LIVE_FEED_TOKEN: 'none' };
const SECRET_NAMES = ['LIVE_FEED_SECRET', 'LIVE_FEED_TOKEN'];
/** What it means that nothing is set, where that is not nothing. */
const UNSET: Record<string, string> = {
	LIVE_FEED_ISSUER: 'anything',
	LIVE_FEED_AUDIENCE: 'anything',
	LIVE_FEED_KEEP_AGE: 'for ever',
	LIVE_FEED_ADDRESS_HEADER: 'addresses are not known',
};

export function addSettings(program: Command): void {
	addVerb(program, 'settings')
		.description('say which settings hold here, and where they come from')
		.option('--json', 'print one JSON object')
		.addHelpText('after', HELP)
		.action(({ json }: { json?: true }) => {
			const effective = collectEffective(process.env);
			const shown = () => showSettings(effective, hasColours(process.stdout));
			process.stdout.write(json ? `${JSON.stringify(formatSettings(effective), null, 2)}\n` : shown());
			if (effective.wrong.length > 0) throw new Failure();
		});
}

/** Everything that is wrong is said at once. */
export function collectEffective(environment: Record<string, string | undefined>): Effective {
	const wrong: string[] = [];
	let sources: SettingSources;
	try {
		sources = readSources(environment);
	} catch (error) {
		wrong.push((error as Error).message);
		sources = readSources({ ...environment, LIVE_FEED_SETTINGS: undefined });
	}
	const { fromFile, fromEnvironment } = sources;
	const written: Record<string, string> = { ...fromFile, ...fromEnvironment };
	for (const [name, value] of Object.entries(written)) {
		try {
			readSettings({ [name]: value }); // none depends on another
		} catch (error) {
			wrong.push((error as Error).message);
		}
	}
	const isOpen = !written.LIVE_FEED_SECRET && !written.LIVE_FEED_KEYS;
	const own = listSettings().map((name): Shown => {
		if (written[name] === undefined) return { name, value: findDefault(name, isOpen), from: 'default' };
		return { name, value: mask(name, written[name]), from: name in fromEnvironment ? 'environment' : 'file' };
	});
	const others = Object.entries({ ...OF_START, ...OF_COMMAND }).map(([name, unset]): Shown => {
		const value = environment[name]?.trim();
		if (value) return { name, value: mask(name, value), from: 'environment' };
		return { name, value: unset === 'none' ? undefined : unset, from: 'default' };
	});
	for (const check of [() => chooseEngine(environment), () => readStartTimeout(environment)]) {
		try {
			check();
		} catch (error) {
			wrong.push((error as Error).message);
		}
	}
	const { PORT: port } = environment;
	if (port && !(Number.isInteger(Number(port)) && Number(port) >= 1 && Number(port) <= 65_535)) {
		wrong.push(`PORT is a number from 1 to 65535; it is "${port}".`);
	}
	const isKnown = (name: string) =>
		isSetting(name) || name in OF_START || name in OF_COMMAND || OF_SENDERS.includes(name);
	const strangers = Object.keys(environment).filter((name) => name.startsWith('LIVE_FEED_') && !isKnown(name));
	const notes = strangers.map((name) => `${name} is in the environment, and no setting.`);
	if (isOpen)
		notes.push(
			'Without LIVE_FEED_SECRET or LIVE_FEED_KEYS the relay is open: everyone who reaches its port may read and publish.',
		);
	return { isOpen, file: environment.LIVE_FEED_SETTINGS || undefined, settings: [...own, ...others], wrong, notes };
}

/** What may be shown of it. */
function mask(name: string, value: string): string {
	if (SECRET_NAMES.includes(name)) {
		const lengths = value
			.split(/\s+/)
			.filter(Boolean)
			.map(({ length }) => length);
		return lengths.map((length) => `(${length} characters)`).join(' ');
	}
	if (name !== 'LIVE_FEED_KEYS') return value;
	// Public they should be; where one is not, it is told as wrong and not shown.
	try {
		const { keys } = JSON.parse(value);
		return keys
			.map(({ alg, kty, kid }: Record<string, string>) => `(${[alg ?? kty, kid].filter(Boolean).join(' ')})`)
			.join(' ');
	} catch {
		return `(${value.length} characters)`;
	}
}

function formatSettings({ isOpen, file, settings, wrong, notes }: Effective): object {
	const values = settings.map(({ name, value, from }) => ({ name, value: value ?? null, from }));
	return { open: isOpen, file: file ?? null, settings: values, wrong, notes };
}

/** Lines for a terminal. */
export function showSettings(effective: Effective, hasColour: boolean): string {
	const { isOpen, file, settings, wrong, notes } = effective;
	const { bold, dim, red, yellow } = createPalette(hasColour);
	const unset: Record<string, string> = { ...UNSET, LIVE_FEED_ORIGINS: isOpen ? 'pages of this machine' : 'any page' };
	const isLimit = (name: string) => name.startsWith('LIVE_FEED_MAX_');
	const chars = Math.max(...settings.map(({ name }) => name.length));
	const rows = settings.map(({ name, value, from }) => {
		const shown = value === undefined ? (unset[name] ?? (isLimit(name) ? 'as much as comes' : 'none')) : clean(value);
		const cells = `${name.padEnd(chars)}  ${from.padEnd(FROM_CHARS)}  ${shown}`;
		return from === 'default' ? dim(cells) : bold(cells);
	});
	const trouble = [
		...wrong.map((text) => `${red('✗')} ${clean(text)}`),
		...notes.map((text) => `${yellow('!')} ${clean(text)}`),
	];
	const lines = ['', ...(file === undefined ? [] : [`The file is ${clean(file)}.`, '']), ...rows, ''];
	return [...lines, ...(trouble.length > 0 ? [...trouble, ''] : [])]
		.map((line) => (line === '' ? '\n' : `  ${line}\n`))
		.join('');
}
