// The changes to the sources of PartyKit's dev server and its miniflare without which they are not safe to run.
// Knows the text of one version of each; never knows processes or the relay. Plain JavaScript, since Node loads it unbuilt.
import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The versions whose sources were read. Another one may keep its holes elsewhere. */
const PARTYKIT = '0.0.115';
const MINIFLARE = '3.20240718.x';

/** A PartyKit that these patches do not fit. The message says what to install. */
export class UnsupportedPartyKitError extends Error {}

/** Replaces the one place where `before` stands. Throws UnsupportedPartyKitError where there is none, or more than one. */
function replaceOnce(source, before, after) {
	const [head, tail, ...more] = source.split(before);
	if (tail === undefined || more.length > 0)
		throw new UnsupportedPartyKitError(`Expected one "${before.split('\n')[0]}" in PartyKit ${PARTYKIT}.`);
	return head + after + tail;
}

/**
 * Removes the debugger proxy. `useInspector` in partykit 0.0.115 listens on every interface, at port 9229. It checks neither
 * Origin nor Host, so that any page can run code in the relay and read its secrets. It keeps every request since the start for
 * the next debugger, about 2 KB each, without a limit.
 */
function removeDebuggerProxy(source) {
	return replaceOnce(source, 'props.enableInspector ?? true ?', 'false ?');
}

/**
 * Removes the engine's own debugger. partykit 0.0.115 starts workerd with `--inspector-addr`, which checks no Origin either.
 * PartyKit then asks that port for the debugger's address; another process can take the port and answer.
 */
function removeEngineDebugger(source) {
	const options = ' inspectorPort: portForRuntimeInspector,\n                      handleRuntimeStdio,';
	const withoutPort = replaceOnce(source, options, ' handleRuntimeStdio,');
	return replaceOnce(withoutPort, 'const jsonUrl =', 'return; const jsonUrl =');
}

/**
 * Has miniflare print the engine's output line by line. It is the one way of the relay's audit log and its errors, since there
 * is no debugger. `handleRuntimeStdio` in partykit 0.0.115 cuts lines in two, and drops those beside a trace of the engine.
 */
function printWholeLines(source) {
	return replaceOnce(source, ' handleRuntimeStdio,\n                      compat', ' compat');
}

/**
 * Serves the site by the engine: every `fetch` of the relay reads a file of it, and none reaches the network.
 * `useAssetServer` in partykit 0.0.115 starts esbuild's file server without a host, so that it listens on every interface. It
 * also ends the process when a served file goes while PartyKit looks through the folder.
 */
function serveSiteFromEngine(source) {
	const withoutServer = replaceOnce(source, 'useAssetServer(config.serve,', 'useAssetServer(undefined,');
	return replaceOnce(
		withoutServer,
		'modulesRoot: process.cwd(),',
		'modulesRoot: process.cwd(), ...(config.serve ? { outboundService: { disk: { path: path15.resolve(config.serve) } } } : {}),',
	);
}

/**
 * Lets the relay itself listen, on the host of `LIVE_FEED_HOST` alone. PartyKit has miniflare listen on every interface. The
 * worker that miniflare 3.20240718 puts there obeys headers of any client (`MF-…`) and shows stack traces.
 */
function listenDirectly(source) {
	const direct = replaceOnce(
		source,
		`name: SOCKET_ENTRY,
        service: { name: SERVICE_ENTRY },
        ...await getEntrySocketHttpOptions(sharedOpts.core)`,
		'name: SOCKET_ENTRY, service: { name: getUserServiceName(allWorkerOpts[0].core.name) }, http: {}',
	);
	return replaceOnce(
		direct,
		`this.#previousSharedOpts?.core.port,
      configuredHost,`,
		'this.#previousSharedOpts?.core.port, process.env.LIVE_FEED_HOST ?? "127.0.0.1",',
	);
}

/**
 * Removes the HTTP server by which the engine calls back into PartyKit's process. miniflare 3.20240718 has it print what any
 * client sends (`/core/log`), and show the source at the places of a stack trace that the client made up (`/core/error`).
 * It listens on PartyKit's host, which is every interface. The relay asks it for nothing.
 */
function removeLoopbackServer(source) {
	return replaceOnce(
		source,
		'server.listen(0, hostname, () => resolve(server));',
		'resolve({ address: () => ({ port: 0 }), stop: (done) => done() });',
	);
}

const PARTYKIT_PATCHES = [removeDebuggerProxy, removeEngineDebugger, printWholeLines, serveSiteFromEngine];
const MINIFLARE_PATCHES = [listenDirectly, removeLoopbackServer];

const apply = (patches, source) => patches.reduce((text, patch) => patch(text), source);

/** Where PartyKit's program and its miniflare lie, both with links resolved. */
export function findSources(program) {
	const file = realpathSync(program);
	return { partykit: file, miniflare: createRequire(file).resolve('miniflare') };
}

/** Throws UnsupportedPartyKitError where a version is not one that the patches were written for. */
export function checkVersions({ partykit, miniflare }) {
	const found = { partykit: readVersion(path.dirname(partykit)), miniflare: readVersion(path.dirname(miniflare)) };
	if (found.partykit === PARTYKIT && found.miniflare.replace(/\.\d+$/, '.x') === MINIFLARE) return;
	throw new UnsupportedPartyKitError(
		`Expected partykit ${PARTYKIT} with miniflare ${MINIFLARE}, found ${found.partykit} with ${found.miniflare}. Install partykit@${PARTYKIT}.`,
	);
}

/** Returns the patched source of miniflare's one file. Throws UnsupportedPartyKitError. */
export function readMiniflare(file) {
	return apply(MINIFLARE_PATCHES, readFileSync(file, 'utf8'));
}

/** Returns the patched source of PartyKit's one file. Throws UnsupportedPartyKitError. */
export function readPartyKit(file) {
	return apply(PARTYKIT_PATCHES, readFileSync(file, 'utf8'));
}

/** What `load` replaces. The thread of Node that loads modules has its own. */
let program = { url: '', source: '' };

/** Sets the module that `load` replaces. Node calls it by the name. */
export function initialize(replaced) {
	program = replaced;
}

/** Returns a module's source. Node calls it by the name. */
export function load(url, context, nextLoad) {
	if (url !== program.url) return nextLoad(url, context);
	return { format: 'module', source: program.source, shortCircuit: true };
}

/** Returns the version in the package.json of the package that holds a folder. */
function readVersion(folder) {
	try {
		const { name, version } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
		if (name && version) return version;
	} catch (error) {
		if (error.code !== 'ENOENT') throw error;
	}
	return readVersion(path.dirname(folder));
}
