// Loaded into PartyKit's own process before it starts (`node --import`).
// Knows what PartyKit spawns and where it listens; never knows the relay. Plain JavaScript, so that the child needs no loader.
import childProcess from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { createRequire, Module, syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

// What the relay finds in its environment: here, since everybody sees the arguments of a process in the list of them.
for (const [name, value] of Object.entries(JSON.parse(process.env.LIVE_FEED_VARIABLES ?? '{}')))
	process.argv.push('--var', `${name}=${value}`);
delete process.env.LIVE_FEED_VARIABLES;

const host = process.env.LIVE_FEED_HOST ?? '127.0.0.1';
const tell = (message) => process.connected && process.send(message);

// Whoever started us is gone, even by SIGKILL: nothing may outlive it.
process.on('disconnect', () => process.exit(0));

// PartyKit listens to the engine's debugger, which passes on the bytes of headers as they came; one that is no UTF-8
// would end this process, and with it the relay. Every other fault ends it as before.
process.on('uncaughtException', (error) => {
	if (String(error?.code).startsWith('WS_ERR_')) return;
	console.error(error);
	process.exit(7);
});

const spawn = childProcess.spawn;
childProcess.spawn = (file, args, options) => {
	const isEngine = Array.isArray(args) && args[0] === 'serve' && args.some((arg) => arg.startsWith('--socket-addr='));
	const child = spawn(file, args, options);
	if (child.pid === undefined) return child;
	if (isEngine) hideBackDoor(child.stdin);
	tell({ spawned: child.pid, isEngine });
	child.once('exit', (code, signal) => {
		// PartyKit ends its engine itself at every reload. A death that it did not ask for it never notices:
		// the port stays dead until somebody starts it again, so the whole process ends and says why.
		const died = isEngine && !child.killed;
		tell({ ended: child.pid, died, code, signal });
		if (died) setTimeout(() => process.exit(1), 0);
	});
	return child;
};

const require = createRequire(fs.realpathSync(process.argv[1]));
const miniflare = require('miniflare');

/**
 * PartyKit has the engine listen on every interface, with a worker in front of the relay that passes on all requests and every
 * byte of every socket, obeys headers of its own (`MF-…`) and answers with stack traces. The relay listens itself, where it is
 * to; that worker is left on a port of this machine that nobody is told of.
 */
const listenDirectly = (options) => ({
	...options,
	...{ host: '127.0.0.1', port: 0 },
	unsafeDirectSockets: [{ host, port: options.port }],
});
class Miniflare extends miniflare.Miniflare {
	constructor(options) {
		super(listenDirectly(options));
	}

	setOptions(options) {
		return super.setOptions(listenDirectly(options));
	}
}
// A module of its own in the cache: what `import` gives for one that was required before was noted when it was.
const file = require.resolve('miniflare');
require.cache[file] = Object.assign(new Module(file), {
	...{ filename: file, loaded: true },
	exports: { ...miniflare, Miniflare },
});

/** A socket of that kind would open the engine's own protocol to whoever asks for this host (CONNECT): now nobody knows its name. */
function hideBackDoor(stdin) {
	const { HOST_CAPNP_CONNECT: name } = miniflare;
	const write = stdin.write;
	stdin.write = (config, ...more) => {
		const hidden = Buffer.from(config);
		const secret = randomBytes(name.length).toString('hex').slice(0, name.length);
		for (let at = hidden.indexOf(name); at !== -1; at = hidden.indexOf(name)) hidden.write(secret, at);
		return write.call(stdin, hidden, ...more);
	};
}

// PartyKit looks through what it serves at every change in it, and would end at a file that goes at that moment; the next look misses it.
const statSync = fs.statSync;
fs.statSync = (file, ...more) => {
	try {
		return statSync(file, ...more);
	} catch (error) {
		if (error.code === 'ENOENT' && /(^|[\\/])site[\\/]/.test(String(file))) return { isDirectory: () => false };
		throw error;
	}
};

// The debugger and the engine's way back into this process would listen on every interface; nobody outside needs them.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
	const [first, second] = args;
	if (typeof first === 'object' && first !== null && 'port' in first) args[0] = { ...first, host: '127.0.0.1' };
	else if (typeof first === 'number' && typeof second === 'string') args[1] = '127.0.0.1';
	else if (typeof first === 'number') args.splice(1, 0, '127.0.0.1');
	return listen.apply(this, args);
};

syncBuiltinESMExports();
