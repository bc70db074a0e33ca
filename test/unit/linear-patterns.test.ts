// Regular expressions of the relay and the element on long runs: none takes time that grows faster than the text (ReDoS).
// Knows the source as text; never knows what an expression is for.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { Filter } from '../../relay/frame.ts';
import { formatLine } from '../../relay/protocol/line.ts';
import { isWanted } from '../../relay/protocol/wish.ts';

/** Files that see the source and the user's own settings alone. */
const OWN = /^widget\/(build|minify-|tables|manifest|pin-script|prune-packages|integrity)|^relay\/(cli|run)\//;

const LENGTH = 16_000;
/** What long runs are made of, and what stands before them. */
const RUNS = ['a', ' ', '.', '/', '(', '()', '@', '@a.', '`', '-', '0', '"', '\\', ';', ' ;', ',', '<', ':', '*', '_'];
const MORE_RUNS = [
	'http://',
	'a.',
	'a ',
	'a-',
	'\n',
	'\r\n',
	'\t',
	'0.',
	'gzip ',
	'gzip;q=0',
	'é',
	'\u200b',
	'\u0000',
	'😀',
];
const HEADS = ['', 'a', 'http://a', '@a', '`', '"', 'Bearer ', 'a=', '<', '0', '/', '{'];

/** The literals of a source, without those in comments. */
function findPatterns(source: string): RegExp[] {
	const text = source.replace(/^\s*(\/\/|\/?\*).*$/gm, '');
	const found = text.matchAll(
		/(?:[(=,:?!&|[]|return|=>)\s*\/(?![/*])((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)(?=[\s.,;)\]])/g,
	);
	return [...found].map(([, body = '', flags]) => new RegExp(body, flags));
}

/** Time of the processor that an expression takes, ms. */
function time(pattern: RegExp, text: string): number {
	pattern.lastIndex = 0;
	const before = process.cpuUsage();
	text.replace(pattern, '');
	const { user, system } = process.cpuUsage(before);
	return (user + system) / 1000;
}

function isSuperLinear(pattern: RegExp, head: string, run: string): boolean {
	const make = (length: number) => `${head}${run.repeat(length / run.length)}\u0001b`;
	if (time(pattern, make(LENGTH)) < 15) return false;
	// Four times as much takes sixteen times as long where it is quadratic; the best of three, since others use the processor too.
	const best = (length: number) => Math.min(...[1, 2, 3].map(() => time(pattern, make(length))));
	return best(4 * LENGTH) > 8 * Math.max(best(LENGTH), 1);
}

it('no regular expression that sees foreign text takes time that grows faster than the text', () => {
	const files = execFileSync('git', ['ls-files', 'relay/*.ts', 'widget/*.ts'], { encoding: 'utf8' }).trim().split('\n');
	const found = new Set<string>();
	let count = 0;
	for (const file of files.filter((file) => !OWN.test(file))) {
		for (const pattern of findPatterns(readFileSync(file, 'utf8'))) {
			count++;
			const isSlow = HEADS.some((head) => [...RUNS, ...MORE_RUNS].some((run) => isSuperLinear(pattern, head, run)));
			if (isSlow) found.add(`${file} ${pattern}`);
		}
	}
	expect(count).toBeGreaterThan(80);
	expect([...found]).toEqual([]);
	expect(isSuperLinear(/\s+$/, 'a', ' ')).toBe(true); // what the search is for, it finds
});

it('a line ends without the spaces of its text', () => {
	const event = { id: 'k3f9:1', seq: 1, time: 0, type: 'x', text: `a${' '.repeat(100)}b  \u2003` };
	expect(formatLine(event)).toBe(`1970-01-01T00:00:00Z info    x a${' '.repeat(100)}b\n`);
	expect(formatLine({ ...event, text: '' })).toBe('1970-01-01T00:00:00Z info    x\n');
});

it('[PAGE10] a filter of thousands of types asks each event once, and chooses as one of a few does', () => {
	let asked = 0;
	const event = (type: string, replyType?: string) => ({
		...{ id: 'k3f9:1', seq: 1, time: 0, text: '' },
		get type() {
			asked++;
			return type;
		},
		...(replyType === undefined ? {} : { replyType }),
	});
	const many = Array.from({ length: 5000 }, (_, n) => `none-${n}${n % 2 ? '.*' : ''}`);
	const cases = [
		'a',
		'a.b',
		'a.b.c',
		'a.',
		'b',
		'b.c',
		'ab',
		'c.d.e',
		'c.d',
		'none-1.x',
		'none-1',
		'none-2',
		'none-2.x',
	];
	for (const wanted of [['a'], ['a.*'], ['a.b.*', 'b'], ['c.d.*'], ['*'], []]) {
		for (const types of [wanted, wanted.length > 0 ? [...wanted, ...many] : []]) {
			const filter = new Filter({ types });
			for (const type of cases)
				for (const replyType of [undefined, ...cases]) {
					asked = 0;
					const isChosen = filter.matches(event(type, replyType));
					expect(asked).toBeLessThan(3);
					expect(isChosen).toBe(isWanted({ ...event(type, replyType) }, { types }));
				}
		}
	}
});
