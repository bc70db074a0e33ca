// Whether a hand is on the list: a pointer that moves or presses, a wheel, selected text, the keyboard's focus.
// Knows what a reader does with mouse, finger and keys; never knows rows, or what waits for them.

/** A pointer that moved within this time is about to press something; milliseconds. */
const AIM_MS = 1000;
/** What was pressed stays where it is for so long, milliseconds. */
const PRESS_MS = 300;

export interface Point {
	x: number;
	y: number;
}

export class Hands {
	readonly #root: ShadowRoot;
	readonly #onRest: () => void;
	#point: Point | undefined;
	#isPressed = false;
	#until = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** @param onRest called when a hand was taken off, and when it only rests. */
	constructor(root: ShadowRoot, onRest: () => void) {
		// The whole panel: on the way to the pill, or to Pause, rows wait too.
		const [panel, list] = ['.panel', '.list'].map((part) => root.querySelector(part)) as [HTMLElement, HTMLElement]; // always there
		this.#root = root;
		this.#onRest = onRest;
		const on = (types: string, run: (event: Event) => void, target: EventTarget = panel) => {
			for (const type of types.split(' ')) target.addEventListener(type, run, { passive: true });
		};
		on('pointermove', (event) => {
			const { clientX: x, clientY: y } = event as PointerEvent; // by its type
			// A browser tells of a move too where the list moved under a pointer at rest.
			if (x === this.#point?.x && y === this.#point.y) return;
			this.#point = { x, y };
			if (!(event as PointerEvent).buttons) this.#isPressed = false;
			this.#hold(AIM_MS);
		});
		on('pointerdown', (event) => {
			const x = (event as PointerEvent).clientX - list.getBoundingClientRect().left - list.clientLeft;
			// Not on the scrollbar, whose release nobody tells of.
			this.#isPressed = x >= 0 && x < list.clientWidth;
		});
		on('pointerup pointercancel', () => this.#release(), root);
		on('pointerleave pointercancel', (event) => {
			this.#point = undefined;
			// A press that began here may end outside.
			if (event.type === 'pointercancel' || !(event as PointerEvent).buttons) this.#isPressed = false;
			this.#until = 0;
			this.#rest();
		});
		on('wheel touchmove keydown', () => this.#hold(PRESS_MS));
		on('focusout', () => this.#rest());
	}

	/** Selection and release are heard of outside of the list. Answers what ends that. */
	listen(): () => void {
		const stop = new AbortController();
		const { signal } = stop;
		document.addEventListener('selectionchange', () => !this.isSelecting && this.#rest(), { signal });
		addEventListener('pointerup', () => this.#release(), { signal, passive: true });
		return () => {
			stop.abort();
			clearTimeout(this.#timer);
			this.#timer = undefined;
		};
	}

	/** Where the pointer is, while it is over the panel. */
	get point(): Point | undefined {
		return this.#point;
	}

	/** May nothing move now? */
	get isOn(): boolean {
		return this.#isPressed || performance.now() < this.#until || this.isStaying;
	}

	/** On it for longer than a moment: something is selected, or has the keyboard's focus. */
	get isStaying(): boolean {
		return this.isSelecting || this.#root.activeElement?.matches('.list :focus-visible') === true;
	}

	/** Is text of the list selected? */
	get isSelecting(): boolean {
		const selection = getSelection() as ComposedSelection | null;
		// Browsers differ in what a selection inside a shadow root looks like from outside.
		const range = selection?.getComposedRanges && composedRange(selection, this.#root);
		if (range)
			return (
				this.#root.contains(range.startContainer) &&
				(range.startContainer !== range.endContainer || range.startOffset !== range.endOffset)
			);
		return !!selection?.anchorNode && this.#root.contains(selection.anchorNode) && !selection.isCollapsed;
	}

	#release(): void {
		if (!this.#isPressed) return;
		this.#isPressed = false;
		this.#hold(PRESS_MS);
	}

	#hold(ms: number): void {
		this.#until = Math.max(this.#until, performance.now() + ms);
		this.#rest();
	}

	/** Calls back as soon as nothing holds any more. */
	#rest(): void {
		const left = this.#until - performance.now();
		clearTimeout(this.#timer);
		this.#timer = setTimeout(
			() => (this.#until > performance.now() ? this.#rest() : this.#onRest()),
			Math.max(left, 0),
		);
	}
}

/** Of late in all browsers, not yet in the compiler's types. (W3C Selection API, `getComposedRanges`) */
type ComposedSelection = Selection & {
	getComposedRanges?(roots: { shadowRoots: ShadowRoot[] } | ShadowRoot): StaticRange[];
};

function composedRange(selection: ComposedSelection, root: ShadowRoot): StaticRange | undefined {
	try {
		return selection.getComposedRanges?.({ shadowRoots: [root] })[0];
	} catch {
		// Safari 17 was first, and takes the roots themselves.
		return selection.getComposedRanges?.(root)[0];
	}
}
