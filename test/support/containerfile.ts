// A container file carried out in a folder: its own COPY, RUN, ENV and the rest, where no image can be had.
// Knows instructions (Dockerfile reference) and stages; never knows what is in the image.
import { cp, link, mkdir, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from './process.ts';
import { ROOT } from './sources.ts';

export interface CarriedOut {
	/** What is in the image of the last stage; `/` in it. */
	readonly root: string;
	/** Its WORKDIR, in the folder. */
	readonly workdir: string;
	/** With the paths of the folder in place of those of the image. */
	readonly env: Record<string, string>;
	/** `uid:gid`. */
	readonly user: string;
	readonly command: string[];
	readonly healthcheck: string[];
	readonly stopSignal: NodeJS.Signals;
	readonly volumes: string[];
}

interface Stage {
	name: string;
	root: string;
	workdir: string;
	env: Record<string, string>;
	volumes: string[];
	said: Map<string, string>;
}

/** Instructions with their arguments, lines that go on joined. */
async function readInstructions(file: string): Promise<[string, string][]> {
	const text = (await readFile(path.join(ROOT, file), 'utf8')).replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, '');
	return text
		.split('\n')
		.filter((line) => line.trim() !== '')
		.map((line) => {
			const [, name = '', rest = ''] = /^([A-Z]+) +(.*)$/.exec(line) ?? [];
			if (name === '') throw new Error(`not an instruction: ${line}`);
			return [name, rest];
		});
}

/** Carries out all stages below `folder`; what the last one has is what an image would have beside its base. */
export async function carryOut(file: string, folder: string): Promise<CarriedOut> {
	const stages: Stage[] = [];
	for (const [name, rest] of await readInstructions(file)) {
		if (name === 'FROM') {
			const [, as = ''] = / AS (\S+)$/.exec(rest) ?? [];
			const root = path.join(folder, `stage-${stages.length}`);
			await mkdir(root);
			stages.push({ name: as, root, workdir: root, env: {}, volumes: [], said: new Map() });
			continue;
		}
		const stage = stages.at(-1);
		if (!stage) throw new Error('FROM comes first');
		await carryOutOne(name, rest, stage, stages);
	}
	const last = stages.at(-1);
	if (!last) throw new Error('no FROM');
	const { root, workdir, env, volumes, said } = last;
	return {
		...{ root, workdir, env, volumes },
		user: said.get('USER') ?? '0:0',
		command: JSON.parse(said.get('CMD') ?? '[]'),
		healthcheck: JSON.parse(/CMD (\[.*\])$/.exec(said.get('HEALTHCHECK') ?? '')?.[1] ?? '[]'),
		stopSignal: (said.get('STOPSIGNAL') ?? 'SIGTERM') as NodeJS.Signals,
	};
}

async function carryOutOne(name: string, rest: string, stage: Stage, stages: Stage[]): Promise<void> {
	const inside = (file: string) =>
		file.startsWith('/') ? path.join(stage.root, file) : path.join(stage.workdir, file);
	switch (name) {
		case 'WORKDIR':
			stage.workdir = inside(rest);
			await mkdir(stage.workdir, { recursive: true });
			return;
		case 'COPY': {
			const [, from = '', files = ''] = /^(?:--from=(\S+) +)?(.*)$/.exec(rest) ?? [];
			const source = from === '' ? ROOT : stages.find((one) => one.name === from)?.root;
			if (source === undefined) throw new Error(`no stage ${from}`);
			const names = files.split(/\s+/);
			const to = names.pop() ?? '';
			for (const one of names) {
				const target = to.endsWith('/') ? path.join(inside(to), path.basename(one)) : inside(to);
				if (one.endsWith('node_modules')) await linkAll(path.join(source, one), target);
				else await cp(path.join(source, one), target, { recursive: true });
			}
			return;
		}
		case 'RUN':
			// What it downloads is here already: this test runs because `npm ci` has run.
			if (/^npm ci\b/.test(rest))
				await linkAll(path.join(ROOT, 'node_modules'), path.join(stage.workdir, 'node_modules'));
			else await runIn(stage, rest);
			return;
		case 'ENV':
			for (const [, key = '', value = ''] of rest.matchAll(/([A-Z_]+)=(\S+)/g)) {
				stage.env[key] = value.startsWith('/var/') ? inside(value) : value;
			}
			return;
		case 'VOLUME':
			stage.volumes.push(inside(rest));
			return;
		default:
			stage.said.set(name, rest);
	}
}

async function runIn(stage: Stage, line: string): Promise<void> {
	// Folders of the image's own are those of the folder.
	const typed = line.replace(/(?<= )\/(?:var|opt)\/[\w./-]+/g, (file) => path.join(stage.root, file));
	const own = process.getuid?.() === 0 ? typed : typed.replace(/&& chown \S+ \S+/, '');
	const { code, output } = await runCommand('sh', ['-c', own], stage.env, { cwd: stage.workdir }).exited;
	if (code !== 0) throw new Error(`RUN ${line}\n${output}`);
}

/** Where Vite compiles its configuration, below the packages. */
const SCRATCH = `${path.sep}.vite-temp`;

/** A copy of a folder of packages that takes no room: its files are the same ones, until one is written anew. */
async function linkAll(from: string, to: string): Promise<void> {
	await mkdir(to, { recursive: true });
	const all = await readdir(from, { recursive: true, withFileTypes: true });
	// Other tests build meanwhile, and Vite's own notes go as they come.
	const files = all.filter(({ parentPath, name }) => !path.join(parentPath, name).includes(SCRATCH));
	for (const file of files.filter((one) => one.isDirectory())) {
		await mkdir(path.join(to, path.relative(from, path.join(file.parentPath, file.name))), { recursive: true });
	}
	const copyOne = async (file: (typeof files)[number]) => {
		const source = path.join(file.parentPath, file.name);
		const target = path.join(to, path.relative(from, source));
		// npm writes its own note in place, and a link to a program is a link.
		if (file.isSymbolicLink() || file.name === '.package-lock.json')
			return cp(source, target, { verbatimSymlinks: true });
		return link(source, target).catch(() => cp(source, target)); // on another disk
	};
	const rest = files.filter((one) => !one.isDirectory());
	for (let start = 0; start < rest.length; start += 500) await Promise.all(rest.slice(start, start + 500).map(copyOne));
}
