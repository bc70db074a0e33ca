// Where settings come from: the environment, and a file that is read again when it is asked for.
// Knows files and variables; never knows what a setting means.
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { isSetting, readSettings, selectSettings } from '../settings.ts';

/** The file that `LIVE_FEED_SETTINGS` names, where there is one. */
export const settingsFile: string | undefined = process.env.LIVE_FEED_SETTINGS || undefined;

/**
 * The relay's variables as they are now: those of the file, and before them those of the environment.
 * @throws Error that names what is wrong; never what a secret is
 */
export function collectSettings(): Record<string, string> {
	const settings = { ...(settingsFile ? selectSettings(readFile(settingsFile)) : {}), ...selectSettings(process.env) };
	readSettings(settings);
	return settings;
}

/**
 * `NAME=value` a line, with `#` before what is not meant, or one object of JSON.
 * A name that is no setting is refused: a slip in that of a secret would open the relay without a word.
 */
function readFile(file: string): Record<string, string> {
	const text = readFileSync(file, 'utf8');
	const values = text.trim().startsWith('{') ? readJson(file, text) : readLines(file, text);
	const stranger = Object.keys(values).find((name) => !isSetting(name));
	if (stranger !== undefined)
		throw new Error(`${file} has ${stranger.slice(0, 80)}, which is no setting of the relay.`);
	return values;
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
