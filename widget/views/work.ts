// What the views of work share: who acts, what was begun at an event, what may be asked for.
// Knows shapes; never knows how any of it is drawn, or what becomes of a request.
import type { FeedEvent, Status, Version } from '../../relay/protocol/event.ts';
import type { Me } from '../rights.ts';
import type { Drafts } from './outbox.ts';

/** What is unfolded under an event. */
export type Opened = 'menu' | 'react' | 'edit' | 'remove' | 'texts';

/** What a reader may ask of an event that is worked on. */
export interface WorkHandlers {
	onStatus(event: FeedEvent, status: Status): void;
	onReact(event: FeedEvent, sign: string, on: boolean): void;
	onPin(event: FeedEvent, pinned: boolean): void;
	onRemove(event: FeedEvent): void;
	onEdit(event: FeedEvent, text: string): void;
	/** Unfolds something, or folds it again. */
	onOpen(event: FeedEvent, what: Opened): void;
	onClose(event: FeedEvent): void;
	onCopyLink(event: FeedEvent): void;
	onToggleThread(event: FeedEvent): void;
	/** Opens the thread of an event, or of the one that it answers, and goes to its field. */
	onReply(event: FeedEvent): void;
	onOlder(event: FeedEvent): void;
	onNewer(event: FeedEvent): void;
	/** The field of a thread, or the one at the foot. */
	onType(field: string, area: HTMLTextAreaElement): void;
	onName(field: string, name: string): void;
	onAskName(field: string): void;
	onSend(field: string): void;
	onRetry(ref: number): void;
	onDiscard(ref: number): void;
}

/** Who acts here: the same object for as long as he is the same. */
export interface Bench {
	readonly on: WorkHandlers;
	readonly me: Me;
	/** Is this what he is called, behind an @? */
	readonly isMe: (name: string) => boolean;
}

/** What was begun at an event: another object with each step. */
export interface Doing {
	readonly open?: Opened | undefined;
	/** What was asked for and has no answer yet: a status, a sign, or the name of what is done. */
	readonly waits?: string | undefined;
	/** Why the last one was not done. */
	readonly refusal?: { code: string; message: string } | undefined;
	/** The earlier texts, oldest first, once they are here. */
	readonly texts?: readonly Version[] | undefined;
}

/** A draft of the reader's that is on its way. */
export type Sent = Drafts['outbox'][number];

/** A field that one writes into. */
export interface Field {
	/** The id of the event that is answered; empty at the foot of the panel. */
	readonly key: string;
	readonly text: string;
	/** Lines that it shows. */
	readonly rows: number;
	/** The name that the reader gives himself; undefined where a token proves one. */
	readonly name: string | undefined;
	/** Whether it is asked for now. */
	readonly asksName: boolean;
	/** What is wrong, or worth knowing. */
	readonly hint: Hint | undefined;
	/** False where the reader may not write. */
	readonly isAllowed: boolean;
}

export type Hint =
	| { kind: 'blank' | 'long' | 'unseen' | 'free' }
	| { kind: 'taken'; name: string }
	| { kind: 'left' | 'over'; bytes: number }
	| { kind: 'refused'; code: string; message: string };

/** What the panel is told of work on events. */
export interface Work {
	readonly bench: Bench;
	readonly doings: ReadonlyMap<string, Doing>;
	readonly threads: ReadonlyMap<string, ThreadView>;
	/** The field at the foot; undefined where there is none. */
	readonly field: Field | undefined;
	/** Keys of drafts that are shown from the first moment on. */
	readonly sent: ReadonlySet<string>;
	/** The reader's own reactions to an event, with spaces between. */
	readonly mineOf: (event: FeedEvent) => string;
}

/** How it looks: loaded with it. */
export type WorkViews = typeof import('../work.ts');

/** A thread as it is drawn. */
export interface ThreadView {
	readonly replies: readonly FeedEvent[];
	/** How many are older than those, and newer. */
	readonly older: number;
	readonly newer: number;
	readonly isLoading: boolean;
	readonly field: Field;
	readonly sent: readonly Sent[];
	/** What was begun at its replies, by their ids. */
	readonly doings: ReadonlyMap<string, Doing>;
	/** The reader's own reactions to a reply, with spaces between. */
	readonly mineOf: (reply: FeedEvent) => string;
	/** Status changes of its event, oldest first. */
	readonly became: readonly { status: Status; name: string; time: number }[];
	/** The name of one who is answered within it. */
	readonly nameOf: (id: string) => string | undefined;
}
