// Loaded into PartyKit's process before PartyKit (`node --import`): patches it, and ties it to the process that started it.
// Knows what PartyKit spawns; never knows the relay. Plain JavaScript, since Node loads it unbuilt.
import childProcess from 'node:child_process';
import nodeModule, { Module, syncBuiltinESMExports } from 'node:module';
import { pathToFileURL } from 'node:url';
import {
	checkVersions,
	findSources,
	initialize,
	load,
	readMiniflare,
	readPartyKit,
	UnsupportedPartyKitError,
} from './partykit-patches.mjs';

/** PartyKit's version is not one that the patches fit: EX_CONFIG of sysexits.h. */
const UNSUPPORTED = 78;

/**
 * Passes the relay's variables to PartyKit. PartyKit 0.0.115 takes them from its command line or from a file, and every user of
 * the machine can read the command line of a process. This process sets its arguments after it has started.
 */
function hideVariables() {
	for (const [name, value] of Object.entries(JSON.parse(process.env.LIVE_FEED_VARIABLES ?? '{}')))
		process.argv.push('--var', `${name}=${value}`);
	delete process.env.LIVE_FEED_VARIABLES;
}

/** Ends PartyKit when its starter is gone, also by SIGKILL. PartyKit 0.0.115 would run on, and hold the port and the state. */
function endWithStarter() {
	process.on('disconnect', () => process.exit(0));
}

/**
 * Sends the starter the id of each process that PartyKit starts, so that it can end them. PartyKit 0.0.115 leaves its engine
 * behind when it is killed. It also does not notice that its engine died, and would stay without one: then it exits.
 */
function reportChildren() {
	const notify = (notice) => process.connected && process.send(notice);
	const { spawn } = childProcess;
	childProcess.spawn = (file, args, options) => {
		const isEngine = Array.isArray(args) && args[0] === 'serve' && args.some((arg) => arg.startsWith('--socket-addr='));
		const child = spawn(file, args, options);
		if (child.pid === undefined) return child;
		notify({ spawned: child.pid, isEngine });
		child.once('exit', (code, signal) => {
			const died = isEngine && !child.killed; // PartyKit itself kills the engine at every reload
			notify({ ended: child.pid, died, code, signal });
			if (died) setTimeout(() => process.exit(1), 0);
		});
		return child;
	};
	syncBuiltinESMExports();
}

/** Puts the patched miniflare where both `require` and `import` look first. */
function loadMiniflare(file) {
	const module = new Module(file);
	module.filename = file;
	module.paths = Module._nodeModulePaths(file);
	Module._cache[file] = module;
	module._compile(readMiniflare(file), file);
	module.loaded = true;
}

/** Has Node load the patched source of PartyKit's program, which is the next thing that it loads. */
function loadPartyKit(file) {
	const program = { url: pathToFileURL(file).href, source: readPartyKit(file) };
	if (nodeModule.registerHooks) {
		initialize(program);
		nodeModule.registerHooks({ load });
	} else nodeModule.register(new URL('partykit-patches.mjs', import.meta.url), { data: program }); // Node before 22.15
}

try {
	const { partykit, miniflare } = findSources(process.argv[1]);
	checkVersions({ partykit, miniflare });
	hideVariables();
	endWithStarter();
	reportChildren();
	loadMiniflare(miniflare);
	loadPartyKit(partykit);
} catch (error) {
	if (!(error instanceof UnsupportedPartyKitError)) throw error;
	console.error(error.message);
	process.exit(UNSUPPORTED);
}
