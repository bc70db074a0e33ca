// A run of entries on its way to viewers, encoded once for each form and filter.
// Knows ranges and encodings; never knows who reads or how it is sent.
import { joinBytes } from './bytes.ts';
import { deflate, isDeflatable } from './deflate.ts';
import { type Entry, sizeOf } from './log.ts';
import type { FeedEntry, Status } from './protocol/event.ts';
import { MAX_FILTER_BYTES } from './protocol/limits.ts';
import { isWanted, type Wish } from './protocol/wish.ts';

const encoder = new TextEncoder();

/** Which entries a viewer is sent. Viewers with the same wish share one. */
export class Filter {
	/** Empty for all. */
	readonly types: readonly string[];
	readonly status: readonly Status[];
	/** The newest `seq` that the live viewers of this filter were sent a frame for. */
	covered = 0;
	/** The types by themselves, and what the prefixes are before their `*`: each event costs the same, however many there are. */
	readonly #names: ReadonlySet<string>;
	readonly #prefixes: ReadonlySet<string>;

	constructor({ types = [], status = [] }: Wish = {}) {
		this.types = types.includes('*') ? [] : [...new Set(types)].sort();
		this.status = [...new Set(status)].sort();
		const isPrefix = (type: string) => type.endsWith('.*');
		this.#names = new Set(this.types.filter((type) => !isPrefix(type)));
		this.#prefixes = new Set(this.types.filter(isPrefix).map((type) => type.slice(0, -1)));
	}

	/** Filters of the same key choose the same; empty for the one that chooses all. */
	get key(): string {
		return [...this.types, ...this.status.map((status) => `?${status}`)].join(' ');
	}

	/** Is it short enough to be evaluated here? */
	get isShort(): boolean {
		return encoder.encode(this.key).length <= MAX_FILTER_BYTES;
	}

	get isAll(): boolean {
		return this.types.length === 0 && this.status.length === 0;
	}

	matches(entry: FeedEntry): boolean {
		const { type, replyType } = entry;
		const isOfType = this.types.length === 0 || this.#chooses(type) || (!!replyType && this.#chooses(replyType));
		return isOfType && isWanted(entry, { status: this.status });
	}

	#chooses(type: string): boolean {
		if (this.#names.has(type)) return true;
		if (this.#prefixes.size === 0) return false;
		for (let dot = type.indexOf('.'); dot >= 0; dot = type.indexOf('.', dot + 1))
			if (this.#prefixes.has(type.slice(0, dot + 1))) return true;
		return false;
	}
}

/** What one frame says: a range of `seq`, and those of its entries that are sent. */
export interface Run {
	epoch: string;
	from: number;
	to: number;
	entries: readonly Entry[];
}

/** How a run is written for one kind of reader. */
export type Form = (run: Run) => Uint8Array;

/** The `entries` message of a WebSocket. */
export const socketForm: Form = ({ epoch, from, to, entries }) =>
	joinBytes(
		`{"type":"entries","epoch":"${epoch}","from":${from},"to":${to},"entries":[`,
		entries.map(({ bytes }) => bytes),
		',',
		']}',
	);

/** What a frame is as bytes, and deflated where it was asked for and is worth it. */
interface Encoded {
	plain: Uint8Array;
	deflated?: Uint8Array | undefined;
}

/** Who can inflate gets what is smaller; it is the same for all of them. */
async function deflateOnce(encoded: Encoded): Promise<void> {
	if (!isDeflatable(encoded.plain)) return;
	encoded.deflated ??= await deflate(encoded.plain);
}

export class Frame {
	readonly epoch: string;
	readonly from: number;
	readonly to: number;
	readonly entries: readonly Entry[];
	#size: number | undefined;
	readonly #live = new Map<Filter, { run: Run; encoded: Map<Form, Encoded> }>();
	/** For those who catch up together: the last that was encoded for each filter. */
	readonly #history = new Map<Filter, { form: Form; from: number; encoded: Encoded; deflating?: Promise<void> }>();

	constructor(epoch: string, from: number, to: number, entries: readonly Entry[]) {
		this.epoch = epoch;
		this.from = from;
		this.to = to;
		this.entries = entries;
	}

	/** Number of bytes of all its entries at about. */
	get size(): number {
		this.#size ??= Math.round(this.entries.reduce((sum, entry) => sum + sizeOf(entry), 0));
		return this.#size;
	}

	/** Frames that follow one another as one, with what each has chosen. At least one. */
	static join(frames: readonly Frame[]): Frame {
		const [first, last] = [frames[0] as Frame, frames.at(-1) as Frame];
		if (first === last) return first;
		const { epoch } = first;
		const { to } = last;
		const joined = new Frame(
			epoch,
			first.from,
			to,
			frames.flatMap(({ entries }) => entries),
		);
		for (const frame of frames) {
			for (const [filter, { run }] of frame.#live) {
				const before = joined.#live.get(filter)?.run;
				const entries = [...(before?.entries ?? []), ...run.entries];
				joined.#live.set(filter, { run: { epoch, from: before?.from ?? run.from, to, entries }, encoded: new Map() });
			}
		}
		return joined;
	}

	/** Of its entries. */
	get bytes(): number {
		return this.entries.reduce((sum, { bytes }) => sum + bytes.length, 0);
	}

	/** Chooses what the live viewers of `filter` get; what was left out of earlier frames is covered with it. */
	cover(filter: Filter): void {
		const entries = this.#select(filter);
		if (entries.length === 0) return;
		const from = Math.min(this.from, filter.covered + 1);
		this.#live.set(filter, { run: { epoch: this.epoch, from, to: this.to, entries }, encoded: new Map() });
		filter.covered = this.to;
	}

	/** False where a filter leaves nothing for its live viewers. */
	isFor(filter: Filter): boolean {
		return this.#live.has(filter);
	}

	/** Makes ready what `encodeLive` answers to those who can inflate, by their filter; undefined where nothing is worth it. */
	deflateLive(forms: ReadonlyMap<Filter, Form>): Promise<unknown> | undefined {
		const worth = [...forms].flatMap(([filter, form]) => this.#encodeLive(form, filter) ?? []);
		const deflating = worth.filter(({ plain }) => isDeflatable(plain)).map(deflateOnce);
		return deflating.length === 0 ? undefined : Promise.all(deflating);
	}

	/** How much of their bytes is left of frames that were deflated, of the worst 0 to 1; undefined where none was. */
	get deflatedShare(): number | undefined {
		const shares = [...this.#live.values()].flatMap(({ encoded }) =>
			[...encoded.values()].map(({ plain, deflated }) => (deflated ? deflated.length / plain.length : 0)),
		);
		return Math.max(0, ...shares) || undefined;
	}

	/** For live viewers of `filter`, encoded at the first call; undefined where the filter leaves nothing. */
	encodeLive(form: Form, filter: Filter, inflates = false): Uint8Array | undefined {
		const encoded = this.#encodeLive(form, filter);
		return (inflates ? encoded?.deflated : undefined) ?? encoded?.plain;
	}

	#encodeLive(form: Form, filter: Filter): Encoded | undefined {
		const live = this.#live.get(filter);
		if (!live) return undefined;
		let encoded = live.encoded.get(form);
		if (!encoded) {
			encoded = { plain: form(live.run) };
			live.encoded.set(form, encoded);
		}
		return encoded;
	}

	/** For one viewer who catches up, `from` where his last frame ended; an empty run too, since it says how far he is. */
	async encodeHistory(form: Form, filter: Filter, from: number, inflates = false): Promise<Uint8Array> {
		let known = this.#history.get(filter);
		if (known?.form !== form || known.from !== from) {
			const { epoch, to } = this;
			known = { form, from, encoded: { plain: form({ epoch, from, to, entries: this.#select(filter) }) } };
			this.#history.set(filter, known);
		}
		const { encoded } = known;
		if (!inflates) return encoded.plain;
		known.deflating ??= deflateOnce(encoded);
		await known.deflating;
		return encoded.deflated ?? encoded.plain;
	}

	#select(filter: Filter): readonly Entry[] {
		return filter.isAll ? this.entries : this.entries.filter(({ event }) => filter.matches(event));
	}
}
