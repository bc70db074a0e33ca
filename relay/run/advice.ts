// What to do about each reason for which a relay does not start.
// Knows the reasons and the words of a terminal; never knows how anything is found out.
import { EngineError, type EngineName } from './engine.ts';
import type { StateError } from './state-lock.ts';
import { messageOf, showPath } from './terminal.ts';

/** What was typed to start the relay, and what it was given. */
export interface Attempt {
	command: string;
	/** Returns what installs an engine. */
	install: (engine: EngineName) => string;
	engine: EngineName;
	port: number;
	stateDir: string;
}

export type AddressProblem = 'port-busy' | 'no-host' | 'forbidden';

export function isAddressProblem(reason: EngineError['reason']): reason is AddressProblem {
	return reason === 'port-busy' || reason === 'no-host' || reason === 'forbidden';
}

export function adviseAddress(problem: AddressProblem, { command, port }: Pick<Attempt, 'command' | 'port'>): string {
	const other = `PORT=${port === 65_535 ? 1999 : port + 1} ${command}`;
	if (problem === 'port-busy') return `Stop that process, or use another port: ${other}`;
	if (problem === 'forbidden') return `Use a port above 1023: ${port > 1023 ? other : `PORT=1999 ${command}`}`;
	return `Use an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0: HOST=127.0.0.1 ${command}`;
}

/** For an engine that is not there, or did not start. The engine's own last lines come behind. */
export function adviseEngine(error: unknown, { command, install, engine }: Attempt): string {
	if (!(error instanceof EngineError)) return messageOf(error);
	const other = engine === 'workerd' ? 'partykit' : 'workerd';
	const advice: Partial<Record<EngineError['reason'], string>> = {
		'not-installed': `Install it: ${install(engine)}`,
		unsupported: `Run the relay on another machine, or on the other engine: LIVE_FEED_ENGINE=${other} ${command}`,
		timeout: `On a slow machine, wait longer (seconds): LIVE_FEED_START_TIMEOUT=600 ${command}`,
		died: 'Its last words follow. `live-feed check` looks at what it needs of this machine.',
	};
	return [advice[error.reason], error.output].filter(Boolean).join('\n');
}

export function adviseState({ reason }: StateError, attempt: Pick<Attempt, 'command' | 'port' | 'stateDir'>): string {
	const other = `LIVE_FEED_STATE=${showPath(attempt.stateDir)}-2`;
	if (reason === 'in-use')
		return `Stop that relay, or use another folder: ${other} PORT=${attempt.port} ${attempt.command}`;
	if (reason === 'newer') return `Update live-feed, or use another folder: ${other} ${attempt.command}`;
	return adviseFolder(attempt.command);
}

export function adviseFolder(command: string): string {
	return `Make the folder writable, make room on its disk, or use another folder: LIVE_FEED_STATE=/path/to/state ${command}`;
}
