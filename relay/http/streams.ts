// Events as a stream of text: server-sent events, NDJSON, lines for a terminal.
// Knows forms and back-pressure; never knows how a request asked for them.
import type { Transport } from '../audience.ts';
import { joinBytes } from '../bytes.ts';
import type { Channel } from '../channel.ts';
import type { Filter, Form } from '../frame.ts';
import type { Begin } from '../log-reader.ts';
import { createError } from '../protocol/errors.ts';
import { isChange, type Own } from '../protocol/event.ts';
import { PING_INTERVAL_MS } from '../protocol/limits.ts';
import { formatLine } from '../protocol/line.ts';
import { formatPosition } from '../protocol/position.ts';
import type { Welcome } from '../protocol/relay-message.ts';
import { type Sink, Viewer } from '../viewer.ts';

/** A pipe whose writer's `desiredSize` tells how far behind the reader is. */
export type CreatePipe = (isPlain: boolean) => { readable: ReadableStream; writable: WritableStream };

/** What a stream needs of its host. */
export interface StreamHost {
	createPipe: CreatePipe;
	/** Somebody is connected; and is not any more. */
	enter(transport: Transport): void;
	leave(transport: Transport): void;
	/** So many bytes were handed over in one. */
	sent(bytes: number): void;
	/** He may read no longer. */
	isOver(): boolean;
	/** So many bytes came from the log. */
	replayed(bytes: number): void;
}

/** How a kind of stream is written. */
export interface StreamKind {
	contentType: string;
	transport: Transport;
	form: Form;
	/** Sent first, so that the reader knows that he is connected, and to what. */
	opening: (position: string, welcome: Welcome) => string;
	/** What the reader misses: a range that is no longer kept, or all of a log that was lost. */
	gap: (missing: { from: number; to: number } | undefined, position: string) => string;
	/** Which changes are no longer kept; where it has none, he is cut off, and is told as he comes back. */
	refresh?: (range: { from: number; to: number }) => string;
	/** The last word of a relay that is about to stop; everything up to `position` has been sent. */
	goAway: (returnMs: number, position: string) => string;
	/** Sent into silence, so that no proxy cuts the stream and who has left is noticed; everything up to `position` has been sent. */
	ping: (position: string) => string;
	/** Where people see a ping, it comes only when nothing else did for so long, milliseconds. */
	quietMs?: number;
}

const encoder = new TextEncoder();
/** A terminal is told that it is quiet; who has left holds his place until the second time. */
const QUIET_MS = 300_000;
/** A browser's EventSource waits this long, so that not all come back at once; milliseconds. */
const MIN_RETRY_MS = 1000;
const MAX_RETRY_MS = 5000;

// Each event has its id, so that a reader who is cut off goes on after the last one he had.
const sseForm: Form = ({ entries }) =>
	joinBytes(
		'',
		entries.map(({ event, bytes }) =>
			joinBytes(`${isChange(event) ? 'event: change\n' : ''}id: ${event.id}\ndata: `, [bytes], '', '\n\n'),
		),
		'',
		'',
	);

/**
 * Server-sent events (WHATWG HTML, 9.2): `onmessage` gets events, `gap` what is no longer kept, `welcome` what a socket is told first.
 * An id without data is no event, and is remembered: so a reader resumes to whom nothing was sent yet.
 */
export const SSE: StreamKind = {
	contentType: 'text/event-stream; charset=utf-8',
	transport: 'sse',
	form: sseForm,
	opening(position, welcome) {
		const retry = Math.round(MIN_RETRY_MS + Math.random() * (MAX_RETRY_MS - MIN_RETRY_MS));
		const id = `id: ${position}\n`;
		return `retry: ${retry}\n${id}\nevent: welcome\n${id}data: ${JSON.stringify(welcome)}\n\n`;
	},
	gap: (missing, position) => `event: gap\nid: ${position}\ndata: ${JSON.stringify({ position, ...missing })}\n\n`,
	goAway: (returnMs) => `event: goaway\ndata: ${JSON.stringify({ returnMs })}\n\n`,
	ping: (position) => `: ping\nid: ${position}\n\n`,
};

/** One event or change a line, as JSON; a line with `gap` in its place tells what is no longer kept, one with `refresh` which changes are not. */
export const NDJSON: StreamKind = {
	contentType: 'application/x-ndjson; charset=utf-8',
	transport: 'ndjson',
	form: ({ entries }) =>
		joinBytes(
			'',
			entries.map(({ bytes }) => bytes),
			'\n',
			entries.length > 0 ? '\n' : '',
		),
	opening: (_, { refresh }) => (refresh ? `${JSON.stringify({ refresh })}\n` : ''),
	refresh: (refresh) => `${JSON.stringify({ refresh })}\n`,
	gap: (missing, position) => `${JSON.stringify({ gap: { position, ...missing } })}\n`,
	goAway: (returnMs) => `${JSON.stringify({ goaway: { returnMs } })}\n`,
	ping: () => '\n',
};

/** One event a line, for people at a terminal. */
export const TEXT: StreamKind = {
	contentType: 'text/plain; charset=utf-8',
	transport: 'text',
	// The id is what one resumes with, and names the event where a later line changes it.
	form: ({ entries }) =>
		encoder.encode(entries.map(({ event }) => `${formatLine(event).trimEnd()} [${event.id}]\n`).join('')),
	opening: () => '',
	gap: (missing) =>
		missing
			? `-- events ${missing.from} to ${missing.to} are no longer kept --\n`
			: '-- what was before is lost; here begins another log --\n',
	refresh: () => '',
	goAway: (_, position) => `-- the relay is restarting; after=${position} goes on from here --\n`,
	ping: (position) => `-- nothing new; after=${position} goes on from here --\n`,
	quietMs: QUIET_MS,
};

/** Where a stream begins, what its reader is told of himself, and whether he knows no events yet. */
export interface StreamStart {
	begin: Begin;
	own: Own;
	isFresh: boolean;
	/** Without the sizes of chunks in it. */
	isPlain: boolean;
}

/** A viewer whose frames leave as a response's body, at the reader's own pace. */
export function openStream(
	channel: Channel,
	kind: StreamKind,
	filter: Filter,
	{ begin, own, isFresh, isPlain }: StreamStart,
	{ createPipe, enter, leave: exit, isOver, replayed, sent }: StreamHost,
): ReadableStream {
	const { readable, writable } = createPipe(isPlain);
	const writer: WritableStreamDefaultWriter = writable.getWriter();
	/** Resolves once the reader has had all that was written. */
	let written: Promise<void> = Promise.resolve();
	let isQuiet = true;
	const write = (bytes: Uint8Array) => {
		if (isOver()) end();
		else if (bytes.length > 0) {
			isQuiet = false;
			written = writer.write(bytes).catch(leave);
			sent(bytes.length);
		}
	};
	const sink: Sink = {
		form: kind.form,
		isReady: () => (writer.desiredSize ?? 0) > 0,
		// Where several writes wait, the engine puts another `ready` in the place of this one, which then never resolves.
		whenReady: () => Promise.race([writer.ready, written]).catch(leave),
		write,
		fail: () => {
			leave();
			writer.abort(createError('storage-failed')).catch(leave);
		},
		goAway(returnMs) {
			write(encoder.encode(kind.goAway(returnMs, positionAt(viewer.cursor))));
			if (!isPlain) return end();
			// One of a length that is never reached has no end of its own: once it has the last word, it is cut.
			leave();
			// A write is taken once the one before it has left. What is written just before the cut is lost, so that is an empty line.
			void writer
				.write(encoder.encode('\n'))
				.then(() => writer.abort())
				.catch(() => {});
		},
		replayed,
		refresh(from, to) {
			if (kind.refresh) write(encoder.encode(kind.refresh({ from, to })));
			else end();
		},
		skip: (from, to) => write(encoder.encode(kind.gap({ from, to }, positionAt(to)))),
	};
	const viewer = new Viewer(sink, filter);
	const positionAt = (seq: number) => formatPosition({ epoch: channel.epoch, seq });
	const timer = setInterval(() => {
		const isDue = isQuiet || kind.quietMs === undefined;
		if (isDue && viewer.isLive && sink.isReady()) write(encoder.encode(kind.ping(positionAt(viewer.cursor))));
		isQuiet = true;
	}, kind.quietMs ?? PING_INTERVAL_MS);
	let isOpen = true;
	function end(): void {
		leave();
		writer.close().catch(leave);
	}
	function leave(): void {
		if (!isOpen) return;
		isOpen = false;
		clearInterval(timer);
		channel.leave(viewer);
		channel.releaseFilter(filter);
		exit(kind.transport);
	}
	enter(kind.transport);
	writer.closed.catch(leave);
	const { recovered, missing } = begin;
	const position = positionAt(begin.after);
	// The gap first and with its position: a reader who is cut off in between asks from before it, and is told again.
	const opening = kind.opening(position, channel.welcome(begin, filter, own));
	write(encoder.encode((recovered ? '' : kind.gap(missing, position)) + opening));
	void channel.feed(viewer, begin, isFresh).then(() => {
		// The headers of a body of known length leave with its first byte.
		if (isPlain && isQuiet && isOpen) write(encoder.encode(kind.ping(positionAt(viewer.cursor))));
	});
	return readable;
}
