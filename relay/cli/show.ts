// An explanation for people in a terminal, and for programs.
// Knows words, columns and colours; never knows how a token is checked.
import type { Explanation } from './explain.ts';
import { clean, createPalette, formatSpan } from './terminal.ts';

const SECOND_MS = 1000;

/** A relay with the same keys takes it; undefined where no key at hand can tell. */
function isTaken({ faults, signature }: Explanation): boolean | undefined {
	if (faults.length > 0) return false;
	return signature === 'right' ? true : undefined;
}

/** Lines for a terminal, in colours where it has some. */
export function showExplanation(explanation: Explanation, now: number, hasColour: boolean): string {
	const { bold, dim, red, green, yellow } = createPalette(hasColour);
	const { claims, faults, notes, algorithm, signature, signedBy } = explanation;
	const taken = isTaken(explanation);
	const until = typeof claims.exp === 'number' ? `, for another ${formatSpan(claims.exp * SECOND_MS - now)}` : '';
	const verdict =
		taken === true
			? `${green('✓')} ${bold(`A relay with these settings takes it${until}.`)}`
			: taken === false
				? `${red('✗')} ${bold('A relay with these settings refuses it.')}`
				: `${yellow('?')} ${bold('Nothing is wrong with it, but nobody here can tell whether it is signed rightly.')}`;
	const row = (name: string, value: string | undefined) =>
		value === undefined ? [] : [`  ${dim(name.padEnd(11))}${value}`];
	const rows = [
		...row('Who', showWho(claims)),
		...row('May', showList(claims.can)),
		...row('Where', showChannels(claims.channels)),
		...row('Until', showTime(claims.exp, now)),
		...row('Not before', showTime(claims.nbf, now)),
		...row('Issued', showTime(claims.iat, now)),
		...row('Issuer', showList(claims.iss)),
		...row('Audience', showList(claims.aud)),
		...row('Algorithm', showList(algorithm)),
		...row('Signature', signature === 'unchecked' ? `not checked: ${signedBy}` : `${signature}: ${signedBy}`),
	];
	const why = faults.map(({ code, text }) => `    ${clean(text)} ${dim(code)}`);
	const odd = notes.map((text) => `    ${yellow('!')} ${clean(text)}`);
	return ['', `  ${verdict}`, ...why, ...odd, '', ...rows, '', ''].join('\n');
}

/** The same as one JSON object. */
export function formatExplanation(explanation: Explanation): string {
	const { algorithm, signature, claims, faults, notes } = explanation;
	const { exp } = claims;
	const expires = typeof exp === 'number' && isDate(exp * SECOND_MS) ? new Date(exp * SECOND_MS).toISOString() : null;
	const taken = isTaken(explanation) ?? null;
	return `${JSON.stringify({ taken, algorithm: algorithm ?? null, signature, expires, claims, faults, notes }, null, 2)}\n`;
}

function showWho({ sub, name }: Explanation['claims']): string | undefined {
	if (sub === undefined) return undefined;
	return name === undefined ? clean(sub) : `${clean(name)} ${clean(`(${sub})`)}`;
}

function showList(value: unknown): string | undefined {
	return value === undefined ? undefined : [value].flat().map(clean).join(', ');
}

function showChannels(value: unknown): string | undefined {
	if (!Array.isArray(value)) return showList(value);
	const names = value.map((pattern) => {
		if (pattern === '*') return 'every channel';
		return String(pattern).endsWith('*') ? `${clean(pattern)} (all that begin so)` : clean(pattern);
	});
	return names.join(', ');
}

function showTime(seconds: unknown, now: number): string | undefined {
	if (seconds === undefined) return undefined;
	if (typeof seconds !== 'number' || !isDate(seconds * SECOND_MS)) return clean(seconds);
	const ms = seconds * SECOND_MS;
	const exact = new Date(ms)
		.toISOString()
		.replace('T', ' ')
		.replace(/\.\d+Z$/, ' UTC');
	return `${exact}, ${ms > now ? `in ${formatSpan(ms - now)}` : `${formatSpan(now - ms)} ago`}`;
}

function isDate(ms: number): boolean {
	return !Number.isNaN(new Date(ms).getTime());
}
