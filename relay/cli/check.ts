// `live-feed check`: whether a relay can run on this machine.
// Knows options and exit codes; never knows what is checked.
import process from 'node:process';
import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { chooseEngine, type EngineName } from '../run/engine-settings.ts';
import { adviseInstall, nameCommand, STATE_DIR } from './dev.ts';
import { formatFindings, hasFault, readLook, showFinding, showVerdict } from './findings.ts';
import { checkAll, findSurroundings } from './surroundings.ts';
import { addVerb, Failure } from './verb.ts';

const HELP = `
Checks what live-feed dev needs here: Node, PORT and HOST, the folder for
channels (${STATE_DIR} or LIVE_FEED_STATE) and its disk, the engine that
LIVE_FEED_ENGINE names (workerd), the settings, the clock. It leaves nothing
behind.

Exit codes: 0 a relay can run here, 1 something is wrong, 2 usage error.
`;

/** The default engine where a name is none: the check of the settings finds that. */
function findEngine(): EngineName {
	try {
		return chooseEngine();
	} catch {
		return 'workerd';
	}
}

export function addCheck(program: Command): void {
	addVerb(program, 'check')
		.description('check whether this machine can run a relay')
		.option('--json', 'print one JSON object')
		.addHelpText('after', HELP)
		.action(async ({ json }: { json?: true }) => {
			const engine = findEngine();
			const versions = manifest.devDependencies;
			const about = {
				engine,
				versions,
				install: adviseInstall(engine),
				command: `${nameCommand()} dev`,
				stateDir: STATE_DIR,
			};
			const findings = await checkAll(findSurroundings(about));
			const look = readLook(process.stdout);
			const width = Math.max(...findings.map(({ name }) => name.length));
			const lines = findings.map((finding) => showFinding(finding, width, look)).join('');
			process.stdout.write(json ? formatFindings(findings) : `\n${lines}${showVerdict(findings, look)}`);
			if (hasFault(findings)) throw new Failure();
		});
}
