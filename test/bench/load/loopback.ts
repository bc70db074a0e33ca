// What the machine carries through loopback at all, as `iperf3` has it.
// Knows iperf3; never knows what it is compared with.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { findFreePort } from '../../support/ports.ts';
import { endChild } from '../contenders/program.ts';
import { keepEnding } from '../ending.ts';

/** The command that installs it. */
export const IPERF = 'apt-get install iperf3';
const PROGRAM = '/usr/bin/iperf3';

/** Bytes a second of one stream; undefined where it is not installed. */
export async function runIperf(seconds: number): Promise<number | undefined> {
	if (!existsSync(PROGRAM)) return undefined;
	const port = String(await findFreePort());
	const server = spawn(PROGRAM, ['-s', '-1', '--forceflush', '-B', '127.0.0.1', '-p', port], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	const stop = keepEnding(() => endChild(server));
	try {
		await new Promise<void>((resolve, reject) => {
			server.stdout.on('data', (text) => String(text).includes('listening') && resolve());
			server.once('exit', (code) => reject(new Error(`iperf3 ended with ${code} before it listened.`)));
		});
		const args = ['-c', '127.0.0.1', '-p', port, '-t', String(seconds), '-J'];
		const { stdout } = await promisify(execFile)(PROGRAM, args, { maxBuffer: 16 * 1024 * 1024 });
		const report = JSON.parse(stdout) as { end: { sum_received: { bits_per_second: number } } };
		return report.end.sum_received.bits_per_second / 8;
	} finally {
		await stop();
	}
}
