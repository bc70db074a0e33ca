// How much slower this machine is than the one that the tests' time-outs were written on.
// Knows a short measurement and one environment variable; never knows a test.
import { spawn } from 'node:child_process';
import process from 'node:process';

/** What the measured work takes on an ordinary quiet machine with two cores, milliseconds. */
const REFERENCE_MS = 175;
const MEASUREMENTS = 3;
const MOST = 10;

/** Starts Node and keeps one core busy. */
const WORK = `
	const { createHash } = require('node:crypto');
	const bytes = Buffer.alloc(1 << 20, 1);
	for (let i = 0; i < 40; i++) createHash('sha256').update(bytes).digest();
	let mixed = 1;
	for (let i = 0; i < 20_000_000; i++) mixed = (Math.imul(mixed, 31) + i) | 0;
`;

/**
 * Factor for all time-outs, from 1 to 10: `TEST_SLOWNESS` if it is set, otherwise measured in about half a second.
 * The variable hands it on to child processes.
 */
export const SLOWNESS: number = readSlowness() ?? (await measureSlowness());
process.env.TEST_SLOWNESS = String(SLOWNESS);

/** Returns a time-out for this machine, milliseconds. */
export function patience(milliseconds: number): number {
	return Math.round(milliseconds * SLOWNESS);
}

/** @throws Error if `TEST_SLOWNESS` is not a number from 1 to 10 */
function readSlowness(): number | undefined {
	const text = process.env.TEST_SLOWNESS;
	if (text === undefined || text === '') return undefined;
	const factor = Number(text);
	if (factor >= 1 && factor <= MOST) return factor;
	throw new Error(`TEST_SLOWNESS must be a number from 1 to ${MOST}. It is "${text}".`);
}

/** Two processes at once: tests have a relay or a browser beside them. */
async function measureSlowness(): Promise<number> {
	const times: number[] = [];
	for (let n = 0; n < MEASUREMENTS; n++) {
		const start = performance.now();
		await Promise.all([runWork(), runWork()]);
		times.push(performance.now() - start);
	}
	const median = times.sort((a, b) => a - b)[MEASUREMENTS >> 1] ?? REFERENCE_MS;
	const factor = Math.min(Math.max(median / REFERENCE_MS, 1), MOST);
	return Math.round(factor * 10) / 10;
}

function runWork(): Promise<void> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, ['-e', WORK], { stdio: 'ignore' });
		child.once('error', reject);
		child.once('exit', () => resolve());
	});
}
