// A real log of a system, for tests that need thousands of records.
// Knows where one may be; never knows what it is used for.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

const SYSTEM_LOG = '/var/log/dpkg.log';
/** Lines that such a log has at the least. */
export const LEAST_LINES = 2000;

/** This machine's own log where it has one that is long enough, else one in its format, written into `folder`. */
export async function findLog(folder: string): Promise<string> {
	const text = await readFile(SYSTEM_LOG, 'utf8').catch(() => '');
	if (text.split('\n').length > LEAST_LINES) return SYSTEM_LOG;
	const words = ['status half-installed', 'status unpacked', 'configure', 'status installed'];
	const lines = Array.from({ length: 2400 }, (_, index) => {
		const time = new Date(Date.UTC(2026, 9, 1, 8, 0, index)).toISOString().slice(0, 19).replace('T', ' ');
		return `${time} ${words[index % 4]} part-${Math.floor(index / 4)}:amd64 1.${index}-1`;
	});
	const file = path.join(folder, 'dpkg.log');
	await writeFile(file, `${lines.join('\n')}\n`);
	return file;
}
