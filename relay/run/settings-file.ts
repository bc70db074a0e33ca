// Where settings come from: the environment, and a file that is read again when it is asked for.
// Knows files and variables; never knows what a setting means.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { isSetting, readSettings, selectSettings } from '../settings.ts';

/** The file that `LIVE_FEED_SETTINGS` names, where there is one. */
export const settingsFile: string | undefined = process.env.LIVE_FEED_SETTINGS || undefined;

/** Settings as they are written, by where. */
export interface SettingSources {
	/** The file, where there is one. */
	file: string | undefined;
	fromFile: Record<string, string>;
	/** These go before those of the file. */
	fromEnvironment: Record<string, string>;
}

/**
 * The relay's variables as they are now: those of the file, and before them those of the environment.
 * @throws Error that names what is wrong; never what a secret is
 */
export function collectSettings(): Record<string, string> {
	const { fromFile, fromEnvironment } = readSources(process.env);
	const settings = { ...fromFile, ...fromEnvironment };
	readSettings(settings);
	return settings;
}

/**
 * The same by where they come from, and before anybody has looked at what they say.
 * @throws Error that says why the file cannot be read
 */
export function readSources(environment: Record<string, string | undefined>): SettingSources {
	const file = environment.LIVE_FEED_SETTINGS || undefined;
	const fromFile = file === undefined ? {} : selectSettings(readFile(file));
	return { file, fromFile, fromEnvironment: selectSettings(environment) };
}

/**
 * `NAME=value` a line, with `#` before what is not meant, or one object of JSON.
 * A name that is no setting is refused: a slip in that of a secret would open the relay without a word.
 */
function readFile(file: string): Record<string, string> {
	const text = readText(file);
	const values = text.trim().startsWith('{') ? readJson(file, text) : readLines(file, text);
	const stranger = Object.keys(values).find((name) => !isSetting(name));
	if (stranger !== undefined)
		throw new Error(`${file} has ${stranger.slice(0, 80)}, which is no setting of the relay.`);
	return values;
}

function readText(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException; // of the file system: `ENOENT: no such file or directory, open '…'`
		const reason = /^\w+: ([^,]+)/.exec(message)?.[1] ?? message;
		throw new Error(`LIVE_FEED_SETTINGS names ${file}, which cannot be read (${code}): ${reason}.`);
	}
}

function readJson(file: string, text: string): Record<string, string> {
	let values: Record<string, unknown>;
	try {
		values = JSON.parse(text);
	} catch {
		throw new Error(`${file} begins like JSON, and is none.`);
	}
	return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, formatValue(value)]));
}

/** A list is its parts with spaces between, as in a line; keys are JSON as they are. */
function formatValue(value: unknown): string {
	if (Array.isArray(value)) return value.join(' ');
	return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '');
}

function readLines(file: string, text: string): Record<string, string> {
	const values: Record<string, string> = {};
	for (const [index, line] of text.split('\n').entries()) {
		if (/^\s*(#|$)/.test(line)) continue;
		const [, name, value] = /^\s*(?:export\s+)?([A-Z_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
		if (name === undefined || value === undefined)
			throw new Error(`${file} has NAME=value in each line; line ${index + 1} is something else.`);
		values[name] = value.replace(/^(['"])(.*)\1$/, '$2');
	}
	return values;
}
