// Type-checks every folder by its own tsconfig.json, all at once, and says which ones fail.
// Knows where configurations lie; never knows what they forbid.
import { execFile, execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const COMPILER = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*tsconfig.json'], {
	cwd: ROOT,
	encoding: 'utf8',
});
const folders = listed
	.split('\n')
	.filter((file) => file.includes('/'))
	.map((file) => path.dirname(file))
	.sort();

const check = (folder: string) =>
	new Promise<boolean>((resolve) => {
		execFile(process.execPath, [COMPILER, '-p', folder], { cwd: ROOT }, (error, stdout, stderr) => {
			process.stdout.write(`${error ? '✗' : '✓'} ${folder}\n${stdout}${stderr}`);
			resolve(error === null);
		});
	});

const waiting = [...folders];
const results: boolean[] = [];
const work = async () => {
	for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) results.push(await check(folder));
};
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, work));
if (results.length === 0) process.stdout.write('No tsconfig.json found.\n');
process.exitCode = results.length > 0 && results.every(Boolean) ? 0 : 1;
