// What a reader sees, frame by frame: where a row is painted, and which element has focus.
// Knows geometry as it is painted and identity of elements; never knows why a row should stay where it is.
import type { Page } from 'puppeteer-core';

/** What was seen between `watch` and `stop`. */
export interface Stretch {
	seq: number;
	/** Where the row's top was when it began, CSS pixels of the page. */
	top: number;
	frames: number;
	mutations: number;
	/** Farthest that the row was painted from there. */
	moved: number;
	/** When that was, milliseconds from the beginning. */
	movedAt: number;
	/** Farthest after a mutation; what is put right before it is painted, nobody sees. */
	movedBetween: number;
	/** Frames in which the row was not there. */
	missing: number;
	/** Frames in which another element had focus than at the beginning, and which it was first. */
	strayed: number;
	strayedTo: string;
	/** Lowest and highest row that was drawn. */
	lowest: number;
	highest: number;
}

/** As it lies in the page. */
interface InPage {
	watch(seq: number): void;
	stop(): Stretch;
}

/** Puts the recorder into a page that has a panel. */
export async function installRecorder(page: Page): Promise<void> {
	await page.evaluate(() => {
		const feed = document.querySelector('live-feed');
		const root = feed?.shadowRoot;
		if (!feed || !root) throw new Error('there is no panel');
		let stretch: Stretch | undefined;
		let start = 0;
		let focused: Element | null = null;
		const find = () => root.querySelector(`[data-seq="${stretch?.seq}"]`);
		const describe = (element: Element | null) =>
			element === null ? 'nothing' : `${element.localName}${element.getAttribute('data-seq') ?? ''}`;
		const note = (own: Stretch, top: number) => {
			const moved = Math.abs(top - own.top);
			if (moved <= own.moved) return;
			own.moved = moved;
			own.movedAt = performance.now() - start;
		};
		// The first report of an observer that begins in a frame is of the geometry that this very frame paints, after all
		// that resize observers have put right: an animation frame's own look would come before them.
		const look = (own: Stretch) => {
			const row = find();
			own.frames++;
			if (!row) own.missing++;
			else {
				const observer = new IntersectionObserver(([entry]) => {
					observer.disconnect();
					if (!entry || own !== stretch) return;
					// Redrawn between the two: it was painted as another element.
					if (entry.target.isConnected) note(own, entry.boundingClientRect.top);
					else if (!find()) own.missing++;
					else note(own, find()?.getBoundingClientRect().top ?? 0);
				});
				observer.observe(row);
			}
			const active = root.activeElement;
			if (active !== focused || (focused && document.activeElement !== feed)) {
				if (own.strayed++ === 0) own.strayedTo = describe(active ?? document.activeElement);
			}
			for (const one of root.querySelectorAll('[data-seq]')) {
				const { height } = one.getBoundingClientRect();
				if (height === 0) continue;
				own.lowest = Math.min(own.lowest, height);
				own.highest = Math.max(own.highest, height);
			}
		};
		const frame = () => {
			requestAnimationFrame(frame);
			if (stretch) look(stretch);
		};
		requestAnimationFrame(frame);
		new MutationObserver(() => {
			if (!stretch) return;
			stretch.mutations++;
			const row = find();
			if (row) {
				const moved = Math.abs(row.getBoundingClientRect().top - stretch.top);
				stretch.movedBetween = Math.max(stretch.movedBetween, moved);
			}
		}).observe(root, { childList: true, subtree: true, characterData: true });
		const inPage: InPage = {
			watch(seq) {
				const row = root.querySelector(`[data-seq="${seq}"]`);
				if (!row) throw new Error(`row ${seq} is not drawn`);
				start = performance.now();
				focused = root.activeElement;
				const top = row.getBoundingClientRect().top;
				const none = { frames: 0, mutations: 0, moved: 0, movedAt: 0, movedBetween: 0, missing: 0, strayed: 0 };
				stretch = { seq, top, ...none, strayedTo: '', lowest: Number.POSITIVE_INFINITY, highest: 0 };
			},
			stop() {
				const own = stretch;
				if (!own) throw new Error('nothing is watched');
				stretch = undefined;
				return own;
			},
		};
		Object.assign(globalThis, { recorder: inPage });
	});
}

/** Watches a row and the focus until `stop`. */
export async function watch(page: Page, seq: number): Promise<void> {
	await page.evaluate((own) => (globalThis as unknown as { recorder: InPage }).recorder.watch(own), seq);
}

/** Ends it with what was seen. */
export async function stop(page: Page): Promise<Stretch> {
	return page.evaluate(() => (globalThis as unknown as { recorder: InPage }).recorder.stop());
}
