// An explanation for people in a terminal, and for programs.
// Knows words, columns and colours; never knows how a token is checked.
import type { Explanation } from './explain.ts';

const SECOND_MS = 1000;
const UNITS: readonly [string, number][] = [
	['day', 86_400_000],
	['hour', 3_600_000],
	['minute', 60_000],
	['second', SECOND_MS],
];

/** A relay with the same keys takes it; undefined where no key at hand can tell. */
function isTaken({ faults, signature }: Explanation): boolean | undefined {
	if (faults.length > 0) return false;
	return signature === 'right' ? true : undefined;
}

/** Lines for a terminal, in colours where it has some. */
export function showExplanation(explanation: Explanation, now: number, hasColour: boolean): string {
	const paint = (code: number) => (text: string) => (hasColour ? `\u001b[${code}m${text}\u001b[0m` : text);
	const [bold, dim, red, green, yellow] = [1, 2, 31, 32, 33].map(paint) as [Paint, Paint, Paint, Paint, Paint];
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

type Paint = (text: string) => string;

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

/** The two largest units, as in `1 hour 59 minutes`. */
export function formatSpan(ms: number): string {
	const find = (span: number) => UNITS.findIndex(([, unit]) => span >= unit);
	const [, least] = UNITS[Math.min(find(ms) + 1, UNITS.length - 1)] ?? ['', SECOND_MS];
	let rest = find(ms) < 0 ? 0 : Math.round(ms / least) * least;
	if (rest === 0) return 'less than a second';
	const parts = UNITS.slice(find(rest), find(rest) + 2).map(([name, unit]) => {
		const count = Math.floor(rest / unit);
		rest -= count * unit;
		return count === 0 ? '' : `${count} ${name}${count === 1 ? '' : 's'}`;
	});
	return parts.filter((part) => part !== '').join(' ');
}

function isDate(ms: number): boolean {
	return !Number.isNaN(new Date(ms).getTime());
}

/** What somebody wrote into a token must not move the terminal's cursor, nor turn its text around. */
function clean(value: unknown): string {
	const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
	return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd');
}
