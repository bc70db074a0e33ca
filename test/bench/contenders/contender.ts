// What the bench asks of each system that it measures: how it is started, and what is said to it.
// Knows the form of the answers; never knows any one of the systems.

/** One event as it is published, about 200 bytes of JSON. */
export interface Draft {
	text: string;
	data: Stamp;
	/** Under which it is stored once; only where that is measured. */
	key?: string;
}

/** What an event says of itself, so that its reader knows how late and in which order it comes. */
export interface Stamp {
	/** Its publisher, and its number among that one's events, from 0. */
	by: number;
	n: number;
	/** When it was handed to the socket, milliseconds since 1970 with fractions. */
	at: number;
}

/** A frame that a viewer was sent, decoded. */
export type Heard =
	/** He is a viewer from now on. `last`: the number of the entry before the first that he will be sent. */
	| { kind: 'ready'; last: number }
	/** Events; `from` and `to` where the system numbers them. */
	| { kind: 'events'; events: readonly Stamp[]; from: number; to: number }
	/** To be answered with this text. */
	| { kind: 'asked'; answer: string }
	| { kind: 'other' };

/** What a publisher was told. */
export interface Answers {
	accepted: number;
	refused: number;
	/** To be answered with this text. */
	answer?: string;
}

/** What is said to the system over a WebSocket and what it says. The same object in every process. */
export interface Dialect {
	/** The path of a viewer's socket; `after` is a position of `Running.findPosition`. */
	viewerPath(channel: string, after?: string): string;
	/** A viewer's first message; undefined where he says nothing first. */
	greet(after?: string): string | undefined;
	/** True where he is a viewer only once he was told so (`ready`); elsewhere he is one when his socket is open. */
	isWelcomed: boolean;
	decode(payload: Buffer): Heard;
	/** Where each event is a frame of its own: is it one, by its first byte or two? Absent where a frame holds many. */
	isEvent?(bytes: Uint8Array, start: number): boolean;
	/** The message that confirms so many bytes, and after how many it is due; absent where nobody confirms. */
	confirm?: { everyBytes: number; write(bytes: number): string };
	/** The path of a publisher's socket, and of its requests where there are any. */
	publisherPath(channel: string): string;
	greetAsPublisher(): string[];
	/** How often a publisher's socket is answered before it may publish. */
	publisherWaits: number;
	encode(draft: Draft, ref: number): string;
	/** True where each event is answered. */
	isAnswered: boolean;
	readAnswers(text: string): Answers;
}

export interface Running {
	port: number;
	/** Processes whose time and memory are the system's. */
	findPids(): number[];
	/** The position after the newest event, for who comes back; only where there is such a thing. */
	findPosition?(channel: string): Promise<string>;
	/** Publishes so many events at once, before anybody looks; only where `findPosition` is. */
	fill?(channel: string, drafts: readonly Draft[]): Promise<void>;
	stop(): Promise<void>;
}

export interface Contender {
	name: string;
	dialect: Dialect;
	/** Undefined where it is not installed. */
	findVersion(): string | undefined;
	/** The command that installs it. */
	install: string;
	start(options?: StartOptions): Promise<Running>;
}

export interface StartOptions {
	/** Settings of the relay; others have none. */
	vars?: Record<string, string>;
}
