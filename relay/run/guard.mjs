// Loaded into PartyKit's own process before it starts (`node --import`).
// Knows what PartyKit spawns and where it listens; never knows the relay. Plain JavaScript, so that the child needs no loader.
import childProcess from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire, syncBuiltinESMExports } from 'node:module';
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

// PartyKit binds 0.0.0.0 and offers no option. The engine takes its address as an argument.
const spawn = childProcess.spawn;
childProcess.spawn = (file, args, options) => {
	const isEngine = Array.isArray(args) && args[0] === 'serve' && args.some((arg) => arg.startsWith('--socket-addr='));
	const given = isEngine
		? args.map((arg) => arg.replace('--socket-addr=entry=0.0.0.0:', `--socket-addr=entry=${host}:`))
		: args;
	const child = spawn(file, given, options);
	if (child.pid === undefined) return child;
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

// The engine would call back into this process at every request, for a line that says so and that nobody is shown: half of what
// a request costs. Warnings and what this process says by itself stay.
const { Log, LogLevel } = createRequire(realpathSync(process.argv[1]))('miniflare');
Object.defineProperty(Log.prototype, 'level', { get: () => LogLevel.WARN, set() {} });
Log.prototype.info = function (message) {
	this.log(`[pk:inf] ${message}`);
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
