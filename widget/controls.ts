// What becomes of a reader's requests: rows selected, unfolded, linked to; keys, pill and pulse pressed.
// Knows what was asked of which row; never knows where rows are drawn, or how they look.
import { render } from 'lit';
import type { FeedEvent } from '../relay/protocol/event.ts';
import type { Deeds, Host } from './deeds.ts';
import { readName } from './fields.ts';
import { type KeyHandlers, pressKey } from './keys.ts';
import { meets } from './mentions.ts';
import { People, type PeopleView } from './people.ts';
import type { Place, Reader } from './reading.ts';
import type { PanelHandlers, PanelProps } from './views/panel.ts';
import type { WorkViews } from './views/work.ts';

/** How long a button says that it has done its work, milliseconds. */
const DONE_MS = 2000;
/** Whoever has sent something sees it at once, if it is stored within this time; milliseconds. */
const SOON_MS = 2000;
const MINUTE_MS = 60_000;
/** What lets somebody do more than read. */
const WORK = /^(publish|comment|react|moderate)|:/;

/** What requests need of the element. */
export interface Desk
	extends Pick<Place, 'root' | 'timeline' | 'getClient' | 'getWords' | 'getNow' | 'redraw' | 'onError'> {
	/** Tells the page; false where it takes the row over. */
	select(event: FeedEvent): boolean;
	onTogglePause(): void;
	onRetry(): void;
}

/** What was done to rows, by their `seq`, as the panel shows it. */
interface Done {
	selected: number | undefined;
	expanded: ReadonlySet<number>;
	unfolded: ReadonlySet<number>;
	copied: number | undefined;
	minute: number | undefined;
}

export class Controls {
	readonly #desk: Desk;
	readonly #reader: Reader;
	readonly #people: People;
	#marks: Done = NO_MARKS;
	/** The address of a row that the page was opened with, or sent to, once it was gone to. */
	#followed = '';
	#views: WorkViews | undefined;
	#deeds: Deeds | undefined;
	#loading: Promise<void> | undefined;
	/** Who the reader is, as far as a browser knows that without any work. */
	#isMe = meets([]);
	#names = '';
	readonly on: PanelHandlers;

	constructor(desk: Desk, reader: Reader) {
		this.#desk = desk;
		this.#reader = reader;
		const { onTogglePause, onRetry } = desk;
		this.#people = new People(desk);
		this.on = {
			onTogglePause,
			onRetry,
			onLoadOlder: () => void reader.showOlder(),
			onEdge: () => void reader.goToEdge(),
			onMinute: (minute) => this.#mark({ minute }),
			onGoToMinute: (minute) => void reader.goToTime((Math.floor(desk.getNow() / MINUTE_MS) - 59 + minute) * MINUTE_MS),
			onSelect: (event) => {
				if (desk.select(event)) this.#mark({ selected: this.#marks.selected === event.seq ? undefined : event.seq });
			},
			onToggleText: (seq) => this.#mark({ expanded: toggled(this.#marks.expanded, seq) }),
			onToggleData: (seq) => this.#mark({ unfolded: toggled(this.#marks.unfolded, seq) }),
			onToggleFold: (fold) => reader.toggleFold(fold),
			onTogglePeople: () => this.#people.toggle(),
			onCopyLink: (event) => void this.#copyLink(event),
			onError: desk.onError,
		};
		const keys: KeyHandlers = {
			onStep: (from, step) => void reader.moveFocus(from, step),
			onWork: (key, target) => this.#deeds?.press(key, target) ?? false,
			onTogglePause,
			onHelp: () => void this.#help().catch(desk.onError),
		};
		desk.root.addEventListener('keydown', (press) => pressKey(press as KeyboardEvent, keys)); // by its type
	}

	get #channel(): string | undefined {
		return this.#desk.getClient()?.channel;
	}

	/** For the panel, at each draw. */
	get marks(): Done & PeopleView & Pick<PanelProps, 'views' | 'work' | 'onWork' | 'isMe'> {
		const own = this.#desk.getClient()?.own;
		const mayWork = own?.can.some((what) => WORK.test(what));
		if (mayWork || this.#host.compose) this.#load();
		const work = this.#deeds?.work;
		const names = this.#deeds?.names ?? [own?.subject ?? readName()].filter(Boolean);
		if (names.join('\n') !== this.#names) {
			this.#names = names.join('\n');
			this.#isMe = meets(names);
		}
		return { ...this.#marks, ...this.#people.view, views: this.#views, work, onWork: this.#load, isMe: this.#isMe };
	}

	/** By what the reader is called behind an @. */
	get names(): readonly string[] {
		return this.#names.split('\n').filter(Boolean);
	}

	get #host(): Host {
		return this.#desk.root.host as Host; // only <live-feed> has such a root
	}

	/** Has come what nobody needs who only reads; tried again when it is needed again. */
	readonly #load = (): void => {
		const { root, redraw } = this.#desk;
		this.#loading ??= import('./work.ts').then(
			(views) => {
				root.adoptedStyleSheets.push(...views.styles.flatMap(({ styleSheet }) => styleSheet ?? []));
				this.#deeds = new views.Deeds({
					...this.#desk,
					say: (text) => this.#reader.say(text),
					goToEdge: () => void this.#reader.callNewest(SOON_MS),
					copyLink: (event) => void this.#copyLink(event),
				});
				this.#views = views;
				void redraw();
			},
			() => {
				this.#loading = undefined;
			},
		);
	};

	/** Another log, or another channel. */
	clear(): void {
		this.#people.clear();
		this.#marks = NO_MARKS;
		this.#deeds?.clear();
	}

	/** There is a log, and a place in it: asks who is here, and goes to the row that the page's address names: `#<channel>/<seq>`; once for each time that it does. */
	async follow(): Promise<void> {
		this.#people.attend();
		const { hash } = location;
		const [, channel, seq] = /^#(.+)\/(\d+)$/.exec(hash) ?? [];
		if (channel !== this.#channel) this.#followed = '';
		if (channel !== this.#channel || hash === this.#followed) return;
		this.#followed = hash;
		if (await this.#reader.goTo(Number(seq))) this.#mark({ selected: Number(seq) });
	}

	#mark(marks: Partial<Done>): void {
		this.#marks = { ...this.#marks, ...marks };
		void this.#desk.redraw();
	}

	async #copyLink({ seq }: FeedEvent): Promise<void> {
		const hash = `#${this.#channel}/${seq}`;
		this.#followed = hash;
		try {
			await navigator.clipboard.writeText(new URL(hash, location.href).href);
		} catch {
			// Not allowed here, or no secure page: then the address itself is the link.
			location.hash = hash;
		}
		this.#reader.say(this.#desk.getWords().copied);
		this.#mark({ copied: seq });
		setTimeout(() => {
			if (this.#marks.copied === seq) this.#mark({ copied: undefined });
		}, DONE_MS);
	}

	async #help(): Promise<void> {
		const { root } = this.#desk;
		const { keysView } = await import('./views/keys.ts');
		if (root.querySelector('.keys')) return;
		const place = document.createElement('div');
		root.append(place);
		render(keysView(this.#desk.getWords()), place);
		const dialog = place.querySelector('dialog');
		dialog?.addEventListener('close', () => place.remove());
		dialog?.showModal();
	}
}

const NO_MARKS: Done = {
	selected: undefined,
	expanded: new Set(),
	unfolded: new Set(),
	copied: undefined,
	minute: undefined,
};

function toggled(set: ReadonlySet<number>, seq: number): ReadonlySet<number> {
	const other = new Set(set);
	if (!other.delete(seq)) other.add(seq);
	return other;
}
