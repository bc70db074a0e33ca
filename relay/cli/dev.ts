// `live-feed dev`: the relay and the demo of this package, until Ctrl-C.
// Knows where the package has them; never knows how a relay is run.
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { EngineName, Program } from '../run/engine.ts';
import { serve } from '../run/serve.ts';
import { addVerb } from './verb.ts';

/** The package, seen from the built command. */
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
/** Where channels are stored unless `LIVE_FEED_STATE` says so, from the folder one is in. */
export const STATE_DIR = '.live-feed';
/** The one version of each engine that this relay was tried with. */
export const ENGINE_PACKAGES: Record<EngineName, string> = {
	workerd: `workerd@${manifest.devDependencies.workerd}`,
	partykit: `partykit@${manifest.devDependencies.partykit}`,
};

const HELP = `
Channels are stored in ${STATE_DIR}, below the folder you are in; LIVE_FEED_STATE
names another one. PORT is 1999 and HOST 127.0.0.1 unless set: only this machine
reaches the relay. Settings are variables (LIVE_FEED_SECRET requires tokens), or
in the file of LIVE_FEED_SETTINGS, which kill -HUP reads again.

  live-feed dev
  PORT=3000 live-feed dev

LIVE_FEED_ENGINE is the engine that runs the relay: workerd (default) or partykit.
Each is a package of its own. If it is not installed, this command prints the
command that installs it. LIVE_FEED_START_TIMEOUT is how long the first answer may
take: 120 seconds unless set.

Exit codes: 0 stopped by a signal; 1 no answer in time, or the engine kept dying;
2 port, host, folder, settings or engine cannot be used.
`;

/** How this command was typed, for what is advised. */
export function nameCommand(): string {
	return process.env.npm_lifecycle_event === 'npx' ? 'npx live-feed' : 'live-feed';
}

/** Returns what installs an engine into the folder that has this package. */
export function adviseInstall(engine: EngineName): string {
	const wanted = ENGINE_PACKAGES[engine];
	const home = path.resolve(PACKAGE, '..', '..');
	// Beside what `npx` has fetched nobody installs anything.
	if (home.split(path.sep).includes('_npx')) return `npx -p live-feed -p ${wanted} live-feed dev`;
	const isHere = !path.relative(home, process.cwd()).startsWith('..');
	return `npm install ${isHere ? '' : '-g '}${wanted}`;
}

/** What this package has for an engine. */
function findPackaged(engine: EngineName): Program {
	const dist = path.join(PACKAGE, 'dist');
	if (engine === 'partykit') return { engine, root: PACKAGE, config: path.join('dist', 'relay', 'partykit.json') };
	return { engine, bundle: path.join(dist, 'relay', 'cloudflare.js'), site: path.join(dist, 'site') };
}

export function addDev(program: Command): void {
	addVerb(program, 'dev')
		.description('run the relay and the demo on this machine')
		.addHelpText('after', HELP)
		.action(() =>
			serve({
				command: `${nameCommand()} dev`,
				install: adviseInstall,
				stateDir: STATE_DIR,
				program: findPackaged,
			}),
		);
}
