// On what was measured: machine, system, and the versions of all who were.
// Knows where each says its version; never knows a figure.
import { execFileSync } from 'node:child_process';
import os from 'node:os';
import process from 'node:process';
import { ROOT } from '../support/sources.ts';
import { liveFeed, nchan, socketIo, ws } from './contenders/index.ts';

export interface About {
	at: string;
	machine: string;
	kernel: string;
	node: string;
	commit: string;
	isShort: boolean;
	contenders: Record<string, string>;
}

export function describeRun(isShort: boolean): About {
	const git = (...args: string[]) => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
	const cpus = os.cpus();
	const isChanged =
		git('status', '--porcelain', '--', '.', ':!test/bench/RESULTS.md', ':!test/bench/results.json') !== '';
	return {
		at: `${new Date().toISOString().slice(0, 16)}Z`,
		machine: `${cpus.length} × ${cpus[0]?.model.trim() ?? 'unknown'}, ${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`,
		kernel: `${os.type()} ${os.release()}`,
		node: process.versions.node,
		commit: `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ', with changes' : ''}`,
		isShort,
		contenders: Object.fromEntries(
			[liveFeed, nchan, socketIo, ws].map(({ name, findVersion, install }) => [
				name,
				findVersion() ?? `not installed: ${install}`,
			]),
		),
	};
}

export function formatAbout({ at, machine, kernel, node, commit, isShort, contenders }: About): string[] {
	return [
		`${at}, commit ${commit}${isShort ? ', a trial whose figures mean little' : ''}`,
		`${machine}; ${kernel}; Node ${node}`,
		Object.entries(contenders)
			.map(([name, version]) => `${name} ${version}`)
			.join('; '),
	];
}
