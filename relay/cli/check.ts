// `live-feed check`: is this machine fit to run a relay?
// Knows options and exit codes; never knows what is looked at.
import process from 'node:process';
import type { Command } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { chooseEngine } from '../run/engine.ts';
import { adviseInstall, nameCommand, STATE_DIR } from './dev.ts';
import { formatFindings, hasFault, readLook, showFinding, showVerdict } from './findings.ts';
import { checkAll, findSurroundings } from './surroundings.ts';
import { addVerb, Failure } from './verb.ts';

const HELP = `
It looks at what live-feed dev would need here: Node, PORT and HOST, the folder
for channels (${STATE_DIR} or LIVE_FEED_STATE) and its disk, the engine, the
settings (those of LIVE_FEED_SETTINGS too), the clock. It leaves nothing behind.

Exit codes: 0 fit, 1 something is wrong, 2 not used rightly.
`;

export function addCheck(program: Command): void {
	addVerb(program, 'check')
		.description('look whether this machine is fit to run a relay')
		.option('--json', 'print one JSON object')
		.addHelpText('after', HELP)
		.action(async ({ json }: { json?: true }) => {
			const engine = chooseEngine();
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
