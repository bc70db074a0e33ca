// What the keys do in the panel.
// Knows keys and where they are somebody else's; never knows rows, or where they are.

/** What a key may ask for. */
export interface KeyHandlers {
	/** So many rows on from a row; infinitely many is to the end. */
	onStep(from: HTMLElement | undefined, step: number): void;
	/** Reply, react, or close what is open; answers false where that means nothing there. */
	onWork(key: 'r' | 'e' | 'Escape', target: Element): boolean;
	onTogglePause(): void;
	onHelp(): void;
}

const STEPS: Record<string, number> = {
	...{ j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 },
	...{ Home: Number.NEGATIVE_INFINITY, End: Number.POSITIVE_INFINITY },
};

/** A key was pressed inside the panel. What is typed into a field, or with a modifier, stays with the browser. */
export function pressKey(press: KeyboardEvent, on: KeyHandlers): void {
	const [target] = press.composedPath();
	if (!(target instanceof Element) || press.ctrlKey || press.metaKey || press.altKey || press.defaultPrevented) return;
	const isEscape = press.key === 'Escape' && !press.isComposing;
	if (target.closest(isEscape ? 'dialog' : 'input, textarea, select, dialog, [contenteditable]')) return;
	const step = STEPS[press.key];
	const row = target.closest<HTMLElement>('.row[data-seq]') ?? undefined;
	// Arrows scroll where no row has the focus, and mean something else in the pulse.
	if (step !== undefined && (row || /^[jkHE]/.test(press.key)) && !target.closest('.pulse')) on.onStep(row, step);
	else if (isEscape || press.key === 'r' || press.key === 'e') {
		if (!on.onWork(press.key as 'r' | 'e' | 'Escape', target)) return; // one of these, as just said
	} else if (press.key === 'p') on.onTogglePause();
	else if (press.key === '?') on.onHelp();
	else return;
	press.preventDefault();
}
