// One socket's conversation without a socket: what is sent is recorded, and time passes when a test says so.
// Knows a session's seams; never knows what is said.
import { ANYBODY } from '../../relay/identity.ts';
import { Limiter } from '../../relay/limiter.ts';
import { Presence } from '../../relay/presence.ts';
import { createError } from '../../relay/protocol/errors.ts';
import { Session, type SessionMemory } from '../../relay/session.ts';
import { readSettings } from '../../relay/settings.ts';
import { Backlog } from '../../relay/window.ts';
import type { TestChannel } from './channel.ts';

export class RecordingSocket {
	readonly messages: Record<string, unknown>[] = [];
	/** Of all frames so far. */
	bytes = 0;
	closed: [number, string] | undefined;
	isBroken = false;

	send(data: string | Uint8Array): void {
		if (this.isBroken || this.closed) throw new Error('the socket is closing');
		this.bytes += Buffer.byteLength(data);
		this.messages.push(JSON.parse(typeof data === 'string' ? data : new TextDecoder().decode(data)));
	}

	close(code: number, reason: string): void {
		this.closed = [code, reason];
	}

	get types(): unknown[] {
		return this.messages.map(({ type }) => type);
	}

	get seqs(): number[] {
		return this.messages.flatMap((message) => (message.entries ?? []) as { seq: number }[]).map(({ seq }) => seq);
	}
}

/** The socket of an engine that says what it holds. */
export class HoldingSocket extends RecordingSocket {
	bufferedAmount = 0;

	override send(data: string | Uint8Array): void {
		super.send(data);
		this.bufferedAmount += Buffer.byteLength(data);
	}

	/** The peer takes so much. Default: all. */
	take(bytes = this.bufferedAmount): void {
		this.bufferedAmount -= Math.min(bytes, this.bufferedAmount);
	}
}

/** A session over a socket that records, with a clock and timers that are moved by hand. */
export function openSession<S extends RecordingSocket = RecordingSocket>(
	test: TestChannel,
	more: Partial<ConstructorParameters<typeof Session>[0]> = {},
	socket: S = new RecordingSocket() as S,
) {
	const faults: unknown[] = [];
	const timers = new Map<() => void, number>();
	const saves = { asked: 0 };
	let memory: SessionMemory | null = null;
	const startTimer = (ms: number, run: () => void) => {
		timers.set(run, ms);
		return () => timers.delete(run);
	};
	const onFault = (error: unknown) => {
		faults.push(error);
		return createError('internal');
	};
	const presence = new Presence({ clock: () => test.clock.now, startTimer, afterDrain: (run) => run(), onFault });
	const session = new Session({
		socket,
		getChannel: () => test.channel,
		peekChannel: () => test.channel,
		clock: () => test.clock.now,
		memory: null,
		remember: (kept) => {
			memory = kept;
		},
		saveLater: () => {
			saves.asked++;
		},
		backlog: new Backlog(),
		onSent: () => {},
		isCounted: false,
		stallTimeoutMs: 30_000,
		startTimer,
		getPresence: () => presence,
		heartbeat: { beat: () => {} },
		identify: () => ANYBODY,
		limiter: new Limiter(readSettings({}).limits, () => test.clock.now),
		openChannel: () => undefined,
		address: undefined,
		connection: 'one',
		onRefused: () => {},
		onFault,
		...more,
	});
	const memoryOf = () => {
		session.save();
		return memory as unknown as SessionMemory; // just remembered
	};
	/** The time of all that runs is over, or of what takes no longer than `most`. */
	const expireTimers = (most = Number.POSITIVE_INFINITY) => {
		const running = [...timers].filter(([, ms]) => ms <= most).map(([run]) => run);
		for (const run of running) timers.delete(run);
		for (const run of running) run();
	};
	const confirm = (bytes = socket.bytes) => session.receive(`{"type":"seen","bytes":${bytes}}`);
	return { socket, session, presence, faults, timers, saves, expireTimers, confirm, memory: memoryOf };
}
