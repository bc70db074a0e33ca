// What becomes of a reader's work on events: statuses, reactions, edits, threads, and what is written at the foot.
// Knows what was begun, what waits and what was refused; never knows how a client sends it, or how it looks.
import type { Change, ChangeDraft, Draft, FeedEvent, Receipt, Status, Version } from '../relay/protocol/event.ts';
import { applyChanges } from './client/changes.ts';
import type { FeedClient } from './client/feed-client.ts';
import { fetchFound } from './client/history.ts';
import { seqOf, Timeline } from './client/timeline.ts';
import { Fields, type Writer } from './fields.ts';
import { meets } from './mentions.ts';
import type { Place } from './reading.ts';
import { isOwn, type Me, rightsTo } from './rights.ts';
import { Thread } from './threads.ts';
import { rowsOf } from './views/composer.ts';
import type { Bench, Doing, Field, Opened, Sent, ThreadView, Work, WorkHandlers } from './views/work.ts';

/** Replies of a page of history. */
const PAGE_REPLIES = 50;
/** Keys of sent drafts that are remembered. */
const MOST_SENT = 1000;

/** The element, as far as work on events needs it. */
export interface Host extends HTMLElement {
	compose: boolean;
	publish(draft: Draft): Promise<Receipt>;
	change(id: string, fields: Omit<ChangeDraft, 'target'>): Promise<Receipt>;
}

export interface DeedsPlace
	extends Pick<Place, 'root' | 'timeline' | 'getClient' | 'getWords' | 'redraw' | 'onError' | 'getNow'> {
	/** Tells those who listen. */
	say(text: string): void;
	/** Goes to the newest row, where what was sent will be. */
	goToEdge(): void;
	copyLink(event: FeedEvent): void;
}

interface Opening {
	event: FeedEvent;
	thread: Thread;
	became: { status: Status; name: string; time: number }[];
}

export class Deeds {
	readonly #place: DeedsPlace;
	readonly on: WorkHandlers;
	#client: FeedClient | undefined;
	#stops: (() => void)[] = [];
	#fields: Fields | undefined;
	#bench: Bench | undefined;
	/** What the bench was made of. */
	#made = '';
	#names: readonly string[] = [];
	#doings: ReadonlyMap<string, Doing> = new Map();
	readonly #threads = new Map<string, Opening>();
	readonly #views = new Map<string, { view: ThreadView; deps: readonly unknown[] }>();
	readonly #sent = new Set<string>();
	/** Grows with whatever a thread shows. */
	#version = 0;

	constructor(place: DeedsPlace) {
		this.#place = place;
		this.on = {
			onStatus: (event, status) => void this.#change(event, { status }, status, true),
			onReact: (event, reaction, on) => void this.#change(event, { reaction, on }, reaction),
			onPin: (event, pinned) => void this.#change(event, { pinned }, 'pin'),
			onRemove: (event) => void this.#change(event, { removed: true }, 'remove'),
			onEdit: (event, text) => {
				if (text === event.text) this.#close(event);
				else void this.#change(event, { text }, 'edit', true);
			},
			onOpen: (event, what) => void this.#open(event, what),
			onClose: (event) => this.#close(event),
			onCopyLink: (event) => {
				this.#set(event, { open: undefined });
				place.copyLink(event);
			},
			onToggleThread: (event) => void this.#toggleThread(event),
			onReply: (event) => void this.#reply(event),
			onOlder: (event) => void this.#showOlder(event),
			onNewer: ({ id }) => {
				this.#threads.get(id)?.thread.showNewer();
				this.#redraw();
			},
			onType: (key, area) => {
				this.#fields?.type(key, area.value, rowsOf(area));
				this.#redraw();
			},
			onName: (_, name) => {
				this.#fields?.typeName(name);
				this.#redraw();
			},
			onAskName: (key) => {
				this.#fields?.askName();
				void this.#redraw().then(() => this.#focus(key, '.name-field'));
			},
			onSend: (key) => void this.#send(key),
			onRetry: (ref) => place.getClient()?.retry(ref),
			onDiscard: (ref) => place.getClient()?.discard(ref),
		};
	}

	get #host(): Host {
		return this.#place.root.host as Host; // only <live-feed> makes one
	}

	/** By which the reader is called. */
	get names(): readonly string[] {
		return this.#names;
	}

	/** For the panel; to be asked at each draw. */
	get work(): Work {
		const client = this.#place.getClient();
		if (client !== this.#client) this.#attach(client);
		const { own } = client ?? {};
		const threads = new Map([...this.#threads].map(([id, opening]) => [id, this.#view(id, opening)] as const));
		return {
			bench: this.#findBench(),
			doings: this.#doings,
			threads,
			field: this.#host.compose ? this.#fields?.get('', this.#writer) : undefined,
			sent: this.#sent,
			mineOf: ({ seq }) => own?.reacted?.[seq]?.join(' ') ?? '',
		};
	}

	/** Another channel, or another log. */
	clear(): void {
		this.#doings = new Map();
		this.#threads.clear();
		this.#views.clear();
		this.#version++;
	}

	/** `r`, `e` and Escape with the focus in a row. */
	press(key: 'r' | 'e' | 'Escape', target: Element): boolean {
		const event = this.#eventOf(target);
		if (!event) return false;
		const { reply, react } = rightsTo(event, this.#me);
		if (key === 'r' && reply) void this.#reply(event);
		else if (key === 'e' && react) void this.#open(event, 'react');
		else if (key === 'Escape') return this.#leave(event, target);
		else return false;
		return true;
	}

	#leave(event: FeedEvent, target: Element): boolean {
		if (this.#doings.get(event.id)?.open) this.#close(event);
		else if (this.#threads.has(event.replyTo ?? '') || this.#threads.has(event.id)) {
			if (!target.closest('.thread')) return false;
			const id = this.#threads.has(event.id) ? event.id : (event.replyTo ?? '');
			this.#threads.delete(id);
			this.#redraw().then(() => this.#line(event)?.focus());
		} else return false;
		return true;
	}

	get #me(): Me {
		const own = this.#place.getClient()?.own;
		return { own, subject: own?.subject };
	}

	get #writer(): Writer {
		const { own, subject } = this.#me;
		const can = own?.can ?? [];
		return {
			isProven: subject !== undefined,
			// Before the welcome it can be written already: it waits to be sent.
			mayPublish: !own || can.includes('publish'),
			mayComment: !own || can.includes('comment'),
			isTaken: (name) =>
				this.#place.timeline.items.some(
					(item) =>
						item.kind === 'event' &&
						item.event.actor?.name === name &&
						(item.event.actor.verified || item.event.author !== own?.author),
				),
		};
	}

	#findBench(): Bench {
		const me = this.#me;
		const { own, subject } = me;
		this.#names = [subject, this.#provenName(), subject === undefined ? this.#fields?.name : undefined].filter(
			(name): name is string => !!name,
		);
		const made = JSON.stringify([own?.can, own?.author, subject, this.#names]);
		if (!this.#bench || made !== this.#made) {
			this.#made = made;
			this.#bench = { me, on: this.on, isMe: meets(this.#names) };
		}
		return this.#bench;
	}

	/** What a token calls the reader, as an event of his own has it. */
	#provenName(): string | undefined {
		const me = this.#me;
		if (me.subject === undefined) return undefined;
		const item = this.#place.timeline.items.findLast((item) => item.kind === 'event' && isOwn(item.event, me));
		return item?.kind === 'event' ? item.event.actor?.name : undefined;
	}

	#attach(client: FeedClient | undefined): void {
		for (const stop of this.#stops) stop();
		this.#client = client;
		this.clear();
		this.#fields = client && new Fields(`${client.relay} ${client.channel}`);
		this.#stops = client
			? [
					client.on('received', ({ events }) => this.#receive(events)),
					client.on('changed', ({ changes }) => this.#apply(changes)),
					client.on('refresh', () => this.#refresh()),
					client.on('gap', () => this.#refresh()),
				]
			: [];
	}

	#receive(events: readonly FeedEvent[]): void {
		for (const event of events) {
			const { replyTo } = event;
			if (replyTo === undefined) continue;
			for (const [id, { thread }] of this.#threads)
				if (id === replyTo || thread.replies.some((reply) => reply.id === replyTo)) thread.add([event]);
		}
		this.#version++;
	}

	#apply(changes: readonly Change[]): void {
		for (const change of changes) {
			const { target, status, actor, time } = change;
			const opening = this.#threads.get(target);
			if (change.change === 'status' && status && opening)
				opening.became = [...opening.became, { status, name: actor?.name ?? actor?.id ?? '', time }];
			for (const { thread } of this.#threads.values()) thread.change(target, (reply) => withChange(reply, change));
		}
		this.#version++;
		this.#place.redraw();
	}

	/** Something was missed: what is open is asked for again. */
	#refresh(): void {
		for (const opening of this.#threads.values()) {
			opening.thread = new Thread();
			void this.#load(opening);
		}
	}

	#set({ id }: FeedEvent, doing: Doing): void {
		const all = new Map(this.#doings);
		const next = { ...all.get(id), ...doing };
		if (Object.values(next).some((value) => value !== undefined)) all.set(id, next);
		else all.delete(id);
		this.#doings = all;
		this.#version++;
		void this.#place.redraw();
	}

	#redraw(): Promise<unknown> {
		this.#version++;
		return this.#place.redraw();
	}

	async #change(
		event: FeedEvent,
		fields: Omit<ChangeDraft, 'target'>,
		waits: string,
		isConditional = false,
	): Promise<void> {
		if (this.#doings.get(event.id)?.waits !== undefined) return;
		this.#set(event, { waits, refusal: undefined });
		try {
			await this.#claim();
			const ifMatch = isConditional ? { ifMatch: event.version ?? event.seq } : {};
			await this.#host.change(event.id, { ...fields, ...ifMatch });
			const hadFocus = this.#line(event)?.querySelector('.drawer')?.contains(this.#place.root.activeElement);
			this.#set(event, { waits: undefined, open: undefined, texts: undefined });
			if (hadFocus) await this.#focusBack(event);
		} catch (error) {
			const { code = '', message } = error as { code?: string; message: string };
			this.#forget(event.id);
			// What a page has kept from being sent is no news to it; the rest is said where it was pressed.
			this.#set(event, { waits: undefined, refusal: code === 'cancelled' ? undefined : { code, message } });
			if (code === 'cancelled') return;
			const words = this.#place.getWords();
			this.#place.say((words.refusals as Partial<Record<string, string>>)[code] ?? words.notDone(message));
		}
	}

	/** What he does from now on is his own, where no token proves that. */
	async #claim(): Promise<void> {
		// It is done all the same where nothing can be loaded: by nobody.
		if (!this.#writer.isProven)
			await this.#place
				.getClient()
				?.claim()
				.catch(() => {});
	}

	/** What was refused is told at its row, and not kept for another try. */
	#forget(target: string): void {
		const client = this.#place.getClient();
		for (const { ref, draft, state } of client?.outbox ?? [])
			if ('target' in draft && draft.target === target && state === 'failed') client?.discard(ref);
	}

	async #open(event: FeedEvent, what: Opened): Promise<void> {
		const isOpen = this.#doings.get(event.id)?.open === what;
		if (isOpen) {
			this.#close(event);
			return;
		}
		this.#set(event, { open: what, refusal: undefined });
		if (what === 'texts') {
			const texts = await this.#fetchTexts(event);
			if (this.#doings.get(event.id)?.open === 'texts') this.#set(event, { texts });
			return;
		}
		await this.#place.redraw();
		const selector = what === 'edit' ? '.drawer textarea' : what === 'remove' ? '.drawer .keep' : '.drawer button';
		const controls = [...(this.#line(event)?.querySelectorAll<HTMLElement>(selector) ?? [])];
		controls.find((control) => control.checkVisibility())?.focus();
	}

	#close(event: FeedEvent): void {
		const hadFocus = this.#line(event)?.contains(this.#place.root.activeElement);
		this.#set(event, { open: undefined, refusal: undefined });
		if (hadFocus) void this.#focusBack(event);
	}

	async #focusBack(event: FeedEvent): Promise<void> {
		await this.#place.redraw();
		const line = this.#line(event);
		(line?.matches('.row') ? line : line?.querySelector<HTMLElement>('.act'))?.focus();
	}

	async #fetchTexts({ id }: FeedEvent): Promise<readonly Version[]> {
		try {
			return (await this.#place.getClient()?.fetchEvent(id))?.versions ?? [];
		} catch (error) {
			this.#place.onError(error);
			return [];
		}
	}

	/** The line of an event: a row, or a reply in a thread. */
	#line({ seq }: FeedEvent): HTMLElement | null {
		return this.#place.root.querySelector(`.row[data-seq="${seq}"]:not(.row-kept), [data-reply="${seq}"]`);
	}

	#eventOf(target: Element): FeedEvent | undefined {
		const reply = Number(target.closest<HTMLElement>('[data-reply]')?.dataset.reply);
		const seq = reply || Number(target.closest<HTMLElement>('.row[data-seq]')?.dataset.seq);
		const item = this.#place.timeline.items.find((item) => seqOf(item) === seq);
		if (item?.kind === 'event') return item.event;
		const replies = [...this.#threads.values()].flatMap(({ thread }) => thread.replies);
		return replies.find((one) => one.seq === seq);
	}

	async #toggleThread(event: FeedEvent): Promise<void> {
		if (this.#threads.delete(event.id)) {
			this.#views.delete(event.id);
			await this.#redraw();
			return;
		}
		const opening: Opening = { event, thread: new Thread(), became: [] };
		this.#threads.set(event.id, opening);
		opening.thread.add(this.#place.timeline.items.flatMap((item) => (isReplyTo(item, event.id) ? item.event : [])));
		await Promise.all([this.#redraw(), this.#load(opening)]);
	}

	/** Goes to the field of an event's thread; to the one it is in, where it is a reply. */
	async #reply(event: FeedEvent): Promise<void> {
		const [id] = [...this.#threads].find(([, { thread }]) => thread.replies.some((one) => one.id === event.id)) ?? [];
		const key = id ?? event.id;
		this.#set(event, { open: undefined, refusal: undefined });
		if (!this.#threads.has(key)) void this.#toggleThread(event);
		// One level: who is answered within a thread is named.
		const name = event.actor?.name ?? event.actor?.id;
		const text = this.#fields?.get(key, this.#writer).text ?? '';
		if (id && name && !text.includes(`@${firstWord(name)}`)) this.#fields?.type(key, `@${firstWord(name)} ${text}`, 1);
		await this.#redraw();
		this.#fill(key);
		this.#focus(key, 'textarea');
	}

	#find<E extends Element>(key: string, selector: string): E | null | undefined {
		const { root } = this.#place;
		const seq = key.slice(key.indexOf(':') + 1);
		const form = key ? root.querySelector(`.row[data-seq="${seq}"] .answer`) : root.querySelector('.panel > .composer');
		return form?.querySelector<E>(selector);
	}

	/** Has a field show what it holds: what was typed and taken between two draws is no change to who draws. */
	#fill(key: string): void {
		const area = this.#find<HTMLTextAreaElement>(key, 'textarea');
		const text = this.#fields?.get(key, this.#writer).text ?? '';
		if (area && area.value !== text) area.value = text;
	}

	#focus(key: string, selector: string): void {
		const control = this.#find<HTMLTextAreaElement | HTMLInputElement>(key, selector);
		control?.focus();
		if (control instanceof HTMLTextAreaElement) control.setSelectionRange(control.value.length, control.value.length);
	}

	async #showOlder({ id }: FeedEvent): Promise<void> {
		const opening = this.#threads.get(id);
		if (!opening || opening.thread.isLoading) return;
		if (opening.thread.older < PAGE_REPLIES) await this.#load(opening, opening.thread.replies[0]?.id);
		opening.thread.showOlder();
		await this.#redraw();
	}

	/** Has replies come: the newest ones, or those before one. */
	async #load(opening: Opening, before?: string): Promise<void> {
		const { event, thread } = opening;
		const client = this.#place.getClient();
		const known = thread.replies.length;
		if (!client || known >= this.#countOf(event) || thread.isLoading) return;
		thread.isLoading = true;
		if (before) void this.#redraw();
		try {
			const query = { limit: String(PAGE_REPLIES), ...(before ? { before } : {}) };
			thread.add((await fetchFound(client, { ...query, thread: event.id })).events);
		} catch (error) {
			this.#place.onError(error);
		} finally {
			thread.isLoading = false;
			void this.#redraw();
		}
	}

	/** How many replies an event has, as it stands now. */
	#countOf({ id, seq, replies }: FeedEvent): number {
		const item = this.#place.timeline.items.find((item) => seqOf(item) === seq);
		return (item?.kind === 'event' && item.event.id === id ? item.event.replies : replies)?.count ?? 0;
	}

	#view(id: string, { event, thread, became }: Opening): ThreadView {
		const client = this.#place.getClient();
		const deps = [this.#version, client?.own, this.#countOf(event), this.#outboxOf(id)];
		const known = this.#views.get(id);
		if (known && deps.every((value, i) => value === known.deps[i])) return known.view;
		const item = this.#place.timeline.items.find((item) => seqOf(item) === event.seq);
		const { status, statusBy } = (item?.kind === 'event' ? item.event : event) satisfies FeedEvent;
		const last = status && statusBy && became.every(({ time }) => time !== statusBy.time);
		const name = statusBy?.actor?.name ?? statusBy?.actor?.id ?? '';
		const view: ThreadView = {
			replies: thread.drawn,
			older: Math.max(this.#countOf(event) - thread.replies.length, 0) + thread.older,
			newer: thread.newer,
			isLoading: thread.isLoading,
			field: this.#fields?.get(id, this.#writer) as Field, // there is a client where there is a thread
			sent: this.#sentTo(id),
			doings: this.#doings,
			mineOf: ({ seq }) => client?.own?.reacted?.[seq]?.join(' ') ?? '',
			became: last ? [...became, { status, name, time: statusBy.time }] : became,
			nameOf: (of) => {
				const answered = thread.replies.find((reply) => reply.id === of)?.actor;
				return answered?.name ?? answered?.id;
			},
		};
		this.#views.set(id, { view, deps });
		return view;
	}

	#outboxOf(id: string): string {
		return this.#sentTo(id)
			.map(({ ref, state }) => `${ref} ${state}`)
			.join();
	}

	#sentTo(id: string): Sent[] {
		const outbox = (this.#place.getClient()?.outbox ?? []) as readonly Sent[];
		return outbox.filter(({ draft }) => draft.replyTo === id);
	}

	async #send(key: string): Promise<void> {
		const fields = this.#fields;
		const client = this.#place.getClient();
		const writer = this.#writer;
		if (!fields || !client) return;
		const missing = fields.check(key, writer);
		if (missing) {
			await this.#redraw();
			this.#focus(key, missing === 'name' ? '.name-field' : 'textarea');
			return;
		}
		const text = fields.take(key);
		this.#fill(key);
		const draft: Draft = {
			type: key ? 'comment' : 'message',
			text,
			key: createKey(),
			...(key ? { replyTo: key } : {}),
			...(writer.isProven ? {} : { actor: { name: fields.name } }),
		};
		this.#remember(draft.key as string); // given just above
		await this.#claim();
		const sending = this.#host.publish(draft);
		this.#threads.get(key)?.thread.showNewest();
		if (!key) this.#place.goToEdge();
		void this.#redraw().then(() => this.#focus(key, 'textarea'));
		try {
			await sending;
		} catch (error) {
			const { code = '', message } = error as { code?: string; message: string };
			// What the outbox has it shows itself, with another try.
			if (client.outbox.some((one) => (one.draft as Draft).key === draft.key) || code === 'closed') return;
			fields.giveBack(key, text, { code, message });
		}
		await this.#redraw();
		this.#fill(key);
	}

	#remember(key: string): void {
		this.#sent.add(key);
		const [oldest] = this.#sent;
		if (oldest && this.#sent.size > MOST_SENT) this.#sent.delete(oldest);
	}
}

function withChange(reply: FeedEvent, change: Change): FeedEvent {
	const timeline = new Timeline();
	timeline.append([reply]);
	return applyChanges(timeline, [change]).changed[0] ?? reply;
}

function isReplyTo(item: { kind: string; event?: FeedEvent }, id: string): item is { kind: 'event'; event: FeedEvent } {
	return item.event?.replyTo === id;
}

function firstWord(name: string): string {
	return name.trim().split(/\s+/)[0] ?? '';
}

function createKey(): string {
	return [...crypto.getRandomValues(new Uint32Array(3))].map((part) => part.toString(36)).join('');
}
