#!/usr/bin/env node
// The command `live-feed`: arguments → what a verb does → an exit code.
// Knows which verbs there are, and exit codes; never knows what a verb does.
import { realpathSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { addCheck } from './check.ts';
import { addDev } from './dev.ts';
import { addDoctor } from './doctor.ts';
import { addPublish } from './publish.ts';
import { addSettings } from './settings.ts';
import { addStatus } from './status.ts';
import { addTail } from './tail.ts';
import { addToken } from './token.ts';
import { DONE, EXIT_CODES, FAILED, Failure, MISUSED } from './verb.ts';

/** Runs the command and resolves with its exit code. */
export async function run(args: readonly string[]): Promise<number> {
	const program = new Command('live-feed')
		.description('A live activity feed: what one does with its relay from a shell.')
		.version(manifest.version, '--version', 'print the version')
		.helpOption('--help', 'print this')
		.helpCommand(false)
		.addHelpText('after', EXIT_CODES)
		.exitOverride()
		.configureOutput({ outputError: (text, write) => write(`${text}See live-feed --help, or --help after a verb.\n`) })
		.action(() => program.outputHelp());
	addDev(program);
	addPublish(program);
	addTail(program);
	addStatus(program);
	addSettings(program);
	addToken(program);
	addCheck(program);
	addDoctor(program);
	try {
		await program.parseAsync(args, { from: 'user' });
		return DONE;
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSED;
		if (!(error instanceof Failure)) throw error;
		if (error.message !== '') process.stderr.write(`error: ${error.message}\n`);
		return FAILED;
	}
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
	process.exitCode = await run(process.argv.slice(2));
}
