// Builds the image of relay/run/Containerfile and runs it: `npm run test:container`. As root, with Debian's buildah and debootstrap.
// Knows images, mounts and namespaces; never knows what the relay says beyond its health and one event.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
	chownSync,
	copyFileSync,
	cpSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort } from '../support/ports.ts';
import { needPrograms } from '../support/program.ts';
import { keepResults } from '../support/results.ts';
import { ROOT } from '../support/sources.ts';

/** What the container file builds on. Where no registry can be reached, Debian with this machine's Node stands in for it. */
const BASE = 'node:22-slim';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';
const START_MS = 60_000;

interface Config {
	Env: string[];
	User: string;
	Cmd: string[];
	WorkingDir: string;
	StopSignal: NodeJS.Signals;
	Volumes: Record<string, object>;
	Healthcheck: { Test: string[] };
}

needPrograms('buildah', 'debootstrap', 'unshare');
if (process.getuid?.() !== 0) throw new Error('Images are built as root here: run it as root.');
const folder = mkdtempSync(path.join(tmpdir(), 'live-feed-container-'));
const printed: string[] = [];
const say = (line: string) => {
	printed.push(line);
	process.stdout.write(`${line}\n`);
};
const run = (command: string, args: string[]) =>
	execFileSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'pipe'] });
const STORAGE = [`--root=${folder}/images`, `--runroot=${folder}/run`, '--storage-driver=vfs'];
const buildah = (...args: string[]) => run('buildah', [...STORAGE, ...args]).trim();
/** What was started and has not ended by itself is ended here. */
const started: ChildProcess[] = [];
const seconds = (since: number) => `${Math.round((performance.now() - since) / 1000)} s`;
let isOver = false;
try {
	say(takeBase());
	const began = performance.now();
	buildImage();
	const image = JSON.parse(buildah('inspect', '--type', 'image', 'live-feed')).Docker.config as Config;
	const sizes = buildah('images', '--format', '{{.Name}} {{.Size}}').replaceAll('\n', ', ');
	say(`built in ${seconds(began)}: ${sizes}`);
	await runImage(image);
	isOver = true;
	say('All of it holds.');
} catch (error) {
	const { stderr, message } = error as { stderr?: string; message: string }; // execFile puts what was printed on its error
	say(`✗ ${message}\n${stderr?.slice(-2000) ?? ''}`);
} finally {
	for (const child of started) child.kill('SIGKILL');
	rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
if (isOver) keepResults('container', printed);
process.exit(isOver ? 0 : 1);

function takeBase(): string {
	const began = performance.now();
	try {
		run('timeout', ['30', 'buildah', ...STORAGE, 'pull', '--quiet', BASE]);
		return `base: ${BASE}, pulled in ${seconds(began)}`;
	} catch {
		// No registry from here.
	}
	const base = path.join(folder, 'base');
	const [site = ''] = run('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages']).split('\n');
	const suite = /^VERSION_CODENAME=(\w+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
	run('debootstrap', ['--variant=minbase', '--include=ca-certificates', suite, base, site]);
	const npm = path.resolve(run('sh', ['-c', 'readlink -f "$(command -v npm)"']).trim(), '../..');
	mkdirSync(path.join(base, 'usr/local/lib/node_modules'), { recursive: true });
	copyFileSync(process.execPath, path.join(base, 'usr/local/bin/node'));
	cpSync(npm, path.join(base, 'usr/local/lib/node_modules/npm'), { recursive: true });
	symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', path.join(base, 'usr/local/bin/npm'));
	run('chroot', [base, 'useradd', '--uid', '1000', '--create-home', 'node']);
	const container = buildah('from', 'scratch');
	buildah('copy', '--quiet', container, base, '/');
	buildah('config', '--env', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', container);
	buildah('commit', '--quiet', container, BASE);
	buildah('rm', container);
	rmSync(base, { recursive: true, force: true });
	return `base: no registry from here; Debian ${suite} with Node ${process.versions.node} in its place, made in ${seconds(began)}`;
}

function buildImage(): void {
	// Packages come from where this machine has them; neither is in the image.
	const settings = path.join(folder, 'npmrc');
	writeFileSync(settings, `registry=${run('npm', ['config', 'get', 'registry']).trim()}\ncafile=${CERTIFICATES}\n`);
	const mounts = [`${settings}:/root/.npmrc:ro`, `${CERTIFICATES}:${CERTIFICATES}:ro`].flatMap((one) => [
		'--volume',
		one,
	]);
	const here = ['--format', 'docker', '--pull-never', '--isolation', 'chroot', '--network', 'host', ...mounts];
	buildah('build', ...here, '--tag', 'live-feed', '--file', 'relay/run/Containerfile', '.');
}

/** As an engine of containers does it: its own list of processes, nothing but the volume and /tmp to write to, and no root. */
async function runImage({
	Env,
	User,
	Cmd,
	WorkingDir,
	StopSignal = 'SIGTERM',
	Volumes,
	Healthcheck,
}: Config): Promise<void> {
	const container = buildah('from', '--pull-never', 'live-feed');
	const image = buildah('mount', container);
	const root = path.join(folder, 'root');
	const volume = path.join(folder, 'volume');
	for (const place of [root, volume]) mkdirSync(place);
	const [uid = 0, gid = 0] = User.split(':').map(Number);
	chownSync(volume, uid, gid);
	const port = await findFreePort();
	const inside = Object.keys(Volumes)[0] ?? '';
	// What every engine of containers gives. Without /sys the relay's does not know of a processor, without /etc/hosts of `localhost`, and neither starts.
	const mount = [
		...['mount --make-rprivate /', `mount --bind ${image} ${root}`, `mount -o remount,ro,bind ${root}`],
		...[
			`mount -t proc proc ${root}/proc`,
			`mount --rbind /dev ${root}/dev`,
			`mount --rbind /sys ${root}/sys`,
			`mount --bind /etc/hosts ${root}/etc/hosts`,
			`mount -t tmpfs tmpfs ${root}/tmp`,
		],
		`mount --bind ${volume} ${root}${inside}`,
	];
	const enter = (command: string[]) => [
		...['--mount', '--pid', '--fork', '--kill-child', 'sh', '-ec'],
		`${mount.join('; ')}; exec chroot --userspec=${User} ${root} env -i "$@"`,
		...['sh', ...Env, `PORT=${port}`, 'sh', '-c', `cd ${WorkingDir} && exec "$@"`, 'sh', ...command],
	];
	const start = () => {
		const child = spawn('unshare', enter(Cmd), { stdio: ['ignore', 'pipe', 'pipe'] });
		started.push(child);
		let output = '';
		for (const stream of [child.stdout, child.stderr]) {
			stream.on('data', (chunk) => {
				output += chunk;
			});
		}
		const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
		/** Its first process, which is number 1 inside. */
		const first = () => Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
		return { exited, first, read: () => output };
	};
	const isHealthy = () => {
		try {
			run('unshare', enter(Healthcheck.Test.slice(1)));
			return true;
		} catch {
			return false;
		}
	};
	const events = `http://127.0.0.1:${port}/channels/deploys/events`;
	for (const [turn, seq] of [1, 2].entries()) {
		const began = performance.now();
		const running = start();
		while (!running.read().includes('Running')) {
			if (performance.now() - began > START_MS) throw new Error(`it does not start:\n${running.read()}`);
			await delay(50);
		}
		const startMs = Math.round(performance.now() - began);
		expect('its healthcheck says that it is healthy', isHealthy(), true);
		expect('the script is there', (await fetch(`http://127.0.0.1:${port}/live-feed.js`)).status, 200);
		const receipt = (await (await fetch(events, { method: 'POST', body: 'kept' })).json()) as { seq: number };
		expect('an event is stored, after those of before', receipt.seq, seq);
		const status = readFileSync(`/proc/${running.first()}/status`, 'utf8');
		expect('it is process 1 inside', /^NSpid:.*\t(\d+)$/m.exec(status)?.[1], '1');
		expect('it is not root', /^Uid:\t(\d+)/m.exec(status)?.[1], String(uid));
		const asked = performance.now();
		process.kill(running.first(), StopSignal);
		expect(`it ends by ${StopSignal}`, await running.exited, 0);
		say(
			`start ${turn + 1}: ready after ${startMs} ms, ended in order after ${Math.round(performance.now() - asked)} ms`,
		);
		expect('then it is not healthy', isHealthy(), false);
	}
	buildah('rm', container);
}

function expect<T>(what: string, is: T, expected: T): void {
	if (is !== expected) throw new Error(`${what}: expected ${expected}, and it is ${is}`);
	say(`✓ ${what}`);
}
