// `npm start`: widget, demo and relay on one port. With `--built` it serves what `npm run build` has made, and writes nothing but its state.
import { existsSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { findProgram, ROOT } from './engine.ts';
import { type MakeSite, serve } from './serve.ts';
import { makeSite } from './site.ts';

const isBuilt = process.argv.includes('--built');

const findSite: MakeSite = async () => {
	const isThere = ['site', path.join('relay', 'cloudflare.js')].every((part) =>
		existsSync(path.join(ROOT, 'dist', part)),
	);
	if (!isThere) throw new Error('Nothing is built: `npm run build` does it.');
	return async () => {};
};

await serve({
	command: isBuilt ? 'node --import tsx relay/run/start.ts --built' : 'npm start',
	install: () => 'npm ci',
	stateDir: path.join(ROOT, '.partykit', 'state'),
	makeSite: isBuilt ? findSite : makeSite,
	program: findProgram,
});
