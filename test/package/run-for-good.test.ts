// The relay as a container and as a service run it: the container file's own instructions in an empty folder, and the unit's
// own command, each as another user who may write nothing but the state. `npm run test:container` builds the image itself.
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CarriedOut, carryOut } from '../support/containerfile.ts';
import { findFreePort } from '../support/ports.ts';
import { type RunningCommand, runCommand } from '../support/process.ts';
import { needPrograms } from '../support/program.ts';
import { patience } from '../support/slowness.ts';
import { ROOT } from '../support/sources.ts';
import { keepSecret, lookThroughFiles } from '../support/spill.ts';
import { bearer, SECRET, sign } from '../support/tokens.ts';

const CONTAINERFILE = 'relay/run/Containerfile';
const UNIT = 'relay/run/live-feed.service';
/** One of those that systemd gives to a `DynamicUser`. */
const SERVICE_USER = '61184:61184';
/** What `systemd-analyze security` may say at most, in tenths: below 2 is its “OK”. */
const MOST_EXPOSURE = 15;
const isRoot = process.getuid?.() === 0;

let folder: string;
let image: CarriedOut;

beforeAll(async () => {
	folder = await mkdtemp(path.join(tmpdir(), 'live-feed-container-'));
	await chmod(folder, 0o755);
	image = await carryOut(CONTAINERFILE, folder);
});
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));

/** Runs a command with this environment and no other, as somebody else where that can be had. */
function runAs(user: string, command: string[], env: Record<string, string>, cwd: string): RunningCommand {
	const [uid, gid] = user.split(':');
	const become = isRoot ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
	const values = Object.entries({ PATH: process.env.PATH ?? '', ...env }).map(([name, value]) => `${name}=${value}`);
	return runCommand('env', ['-i', ...values, ...become, ...command], {}, { cwd });
}

async function giveTo(user: string, file: string): Promise<void> {
	const [uid, gid] = user.split(':').map(Number);
	if (isRoot) await chown(file, uid ?? 0, gid ?? 0);
}

describe('the container file', () => {
	let port: number;
	let env: Record<string, string>;
	const start = (more: Record<string, string> = {}) =>
		runAs(image.user, image.command, { ...env, ...more }, image.workdir);
	const ask = (init?: RequestInit, query = '') =>
		fetch(`http://127.0.0.1:${port}/channels/deploys/events${query}`, init);
	const checkHealth = async () => (await runAs(image.user, image.healthcheck, env, image.workdir).exited).code;

	beforeAll(async () => {
		port = await findFreePort();
		env = { ...image.env, PORT: String(port) };
	});

	it('runs as somebody who is not root, everywhere, with its state in a volume', () => {
		expect(image.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
		expect(image.env.HOST).toBe('0.0.0.0');
		expect(image.volumes).toEqual([image.env.LIVE_FEED_STATE]);
	});

	it('is healthy, keeps what it has stored, ends in order by its signal, and has it after another start, then with a secret', async () => {
		const first = start();
		await first.waitFor(/Running/);
		expect(first.output).toMatch(/Open on 0\.0\.0\.0: it trusts whoever reaches port/);
		expect(await checkHealth()).toBe(0);
		expect((await fetch(`http://127.0.0.1:${port}/live-feed.js`)).status).toBe(200);
		const stored = await ask({ method: 'POST', body: 'kept' });
		expect(stored.status).toBe(201);
		const receipt = await stored.json();
		first.signal(image.stopSignal);
		expect(await first.exited).toMatchObject({ code: 0, signal: null });
		expect((await first.exited).afterMs).toBeLessThan(patience(3000));
		expect(await checkHealth()).toBe(1);

		// A secret comes from the environment, or from a file as here.
		keepSecret(SECRET);
		const file = path.join(folder, 'secret-settings');
		await writeFile(file, `LIVE_FEED_SECRET=${SECRET}\n`, { mode: 0o400 });
		await giveTo(image.user, file);
		const second = start({ LIVE_FEED_SETTINGS: file });
		await second.waitFor(/Asks for tokens/);
		expect(await checkHealth()).toBe(0);
		expect((await ask()).status).toBe(401);
		const page = await ask({ headers: bearer(await sign()) });
		expect(await page.json()).toMatchObject({ events: [{ text: 'kept', id: receipt.id }] });
		second.signal(image.stopSignal);
		expect(await second.exited).toMatchObject({ code: 0 });
		lookThroughFiles(image.env.LIVE_FEED_STATE ?? '');
	});

	it('is where README says that it is, like the unit', async () => {
		const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
		const [, build = ''] = /(podman build .*)/.exec(await readFile(path.join(ROOT, CONTAINERFILE), 'utf8')) ?? [];
		const inside = (file = '') => file.replace(image.root, '');
		const unit = new Map(await readUnit());
		for (const line of [
			...[build, `--volume live-feed:${inside(image.env.LIVE_FEED_STATE)}`, `1999:${image.env.PORT}`],
			...[`cd ${inside(image.workdir)} &&`, `cd ${unit.get('WorkingDirectory')} &&`, `cp ${UNIT} `],
			...[`settings ${unit.get('LoadCredential')?.split(':')[1]}\n`, `/var/lib/${unit.get('StateDirectory')}\``],
		]) {
			expect(readme).toContain(line);
		}
	});

	it('has nothing of what only building and tests need', async () => {
		const names = JSON.parse(await readFile(path.join(image.workdir, 'package.json'), 'utf8'));
		expect(names.devDependencies).toBeUndefined();
		const files = await readdir(path.join(image.workdir, 'node_modules'), { recursive: true });
		const packages = files.flatMap((file) => /^((?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(file)?.[1] ?? []);
		expect(packages.sort()).toEqual([expect.stringMatching(/^@cloudflare\/workerd-/), 'workerd']);
		expect((await readdir(path.join(image.workdir, 'dist'))).sort()).toEqual(['cli.js', 'relay', 'site']);
	});

	it('writes nothing outside its state', async () => {
		const list = async () => (await readdir(image.workdir, { recursive: true })).sort();
		const before = await list();
		const running = start();
		await running.waitFor(/Running/);
		running.signal(image.stopSignal);
		await running.exited;
		expect(await list()).toEqual(before);
	});
});

/** `Name=value` lines of the unit's service, in their order. */
async function readUnit(): Promise<[string, string][]> {
	const text = await readFile(path.join(ROOT, UNIT), 'utf8');
	const [, service = ''] = /^\[Service\]\n([\s\S]*?)^\[/m.exec(text) ?? [];
	return [...service.matchAll(/^([A-Za-z]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
}

describe('the unit', () => {
	it('is one that systemd takes, and leaves little to whoever breaks in', async () => {
		needPrograms('systemd-analyze');
		const file = path.join(folder, 'live-feed.service');
		const text = await readFile(path.join(ROOT, UNIT), 'utf8');
		await writeFile(file, text.replace('/usr/bin/node', process.execPath));
		expect(await runCommand('systemd-analyze', ['verify', file]).exited).toMatchObject({ code: 0, output: '' });
		const threshold = `--threshold=${MOST_EXPOSURE}`;
		const { code, output } = await runCommand('systemd-analyze', ['security', '--offline=true', threshold, file])
			.exited;
		expect(code, output).toBe(0);
		expect(output).toMatch(/Overall exposure level for live-feed\.service: 1\.\d OK/);
	});

	it('starts the relay with the secret of its file, and ends it by SIGTERM with what it has stored', async () => {
		const values = await readUnit();
		const get = (name: string) => values.filter(([one]) => one === name).map(([, value]) => value);
		const port = await findFreePort();
		const [state, credentials] = [path.join(folder, 'state'), path.join(folder, 'credentials')];
		for (const place of [state, credentials]) await mkdir(place, { recursive: true });
		await mkdir(path.join(state, get('StateDirectory')[0] ?? ''), { mode: 0o700 });
		await giveTo(SERVICE_USER, path.join(state, get('StateDirectory')[0] ?? ''));
		const [id = ''] = get('LoadCredential')[0]?.split(':') ?? [];
		await writeFile(path.join(credentials, id), `LIVE_FEED_SECRET=${SECRET}\n`, { mode: 0o400 });
		await giveTo(SERVICE_USER, path.join(credentials, id));
		const environment = get('Environment')
			.flatMap((line) => line.replaceAll('%S', state).replaceAll('%d', credentials).split(' '))
			.map((pair) => pair.split('=') as [string, string]); // so they are written
		const env = { ...Object.fromEntries(environment), PORT: String(port) };
		const command = (get('ExecStart')[0] ?? '').replace('/usr/bin/node', process.execPath).split(' ');
		expect(get('WorkingDirectory')).toEqual(['/opt/live-feed']);
		const events = `http://127.0.0.1:${port}/channels/deploys/events`;
		const headers = bearer(await sign());
		const running = runAs(SERVICE_USER, command, env, image.workdir);
		await running.waitFor(/Asks for tokens/);
		expect((await fetch(events)).status).toBe(401);
		const stored = await fetch(events, { method: 'POST', body: 'from a service', headers });
		expect(await stored.json()).toMatchObject({ seq: 1 });
		running.signal('SIGTERM');
		expect(await running.exited).toMatchObject({ code: 0, signal: null });
		expect((await running.exited).afterMs).toBeLessThan(Number(get('TimeoutStopSec')[0]) * 1000);
		expect(await readdir(path.join(state, 'live-feed', 'party'))).not.toEqual([]);
	});

	it('is not started again where its settings are wrong', async () => {
		const values = new Map(await readUnit());
		const file = path.join(folder, 'wrong-settings');
		await writeFile(file, 'LIVE_FEED_SECRT=a slip in its name\n', { mode: 0o444 });
		const command = (values.get('ExecStart') ?? '').replace('/usr/bin/node', process.execPath).split(' ');
		const { code, output } = await runAs(SERVICE_USER, command, { LIVE_FEED_SETTINGS: file }, image.workdir).exited;
		expect(output).toContain('LIVE_FEED_SECRT, which is no setting');
		expect(String(code)).toBe(values.get('RestartPreventExitStatus'));
	});
});
