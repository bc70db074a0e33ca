// Where the reader is in the list, and how he stays there while rows come and go.
// Knows the scroll container; never knows events or why rows change.

/** Nearer than this to the newest row, the reader is at the live edge; pixels. */
const EDGE_PX = 24;
/** Nearer than this to the oldest row, older ones are wanted; pixels. */
const OLD_END_PX = 600;

export type Order = 'newest-first' | 'newest-last';

/** How far the view is from both ends, pixels. */
function distances(list: HTMLElement, order: Order): { newest: number; oldest: number } {
	const above = list.scrollTop;
	const below = list.scrollHeight - list.clientHeight - list.scrollTop;
	return order === 'newest-first' ? { newest: above, oldest: below } : { newest: below, oldest: above };
}

/** Is the reader where new rows appear? */
export function isAtEdge(list: HTMLElement, order: Order): boolean {
	return distances(list, order).newest < EDGE_PX;
}

/** Is the reader near the oldest row that is drawn? */
export function isNearOldEnd(list: HTMLElement, order: Order): boolean {
	return distances(list, order).oldest < OLD_END_PX;
}

/**
 * Remembers the topmost row in view; the function it answers puts that row back where it was, or stays at the live
 * edge. Safari has no scroll anchoring, and with both the list would jump twice.
 */
export function holdPlace(list: HTMLElement, order: Order): () => void {
	if (isAtEdge(list, order)) {
		return () => {
			list.scrollTop = order === 'newest-first' ? 0 : list.scrollHeight;
		};
	}
	const top = list.getBoundingClientRect().top;
	const rows = list.querySelectorAll<HTMLElement>('[data-seq]');
	const row = [...rows].find((candidate) => candidate.getBoundingClientRect().bottom > top);
	const before = row?.getBoundingClientRect().top ?? 0;
	return () => {
		if (row?.isConnected) list.scrollTop += row.getBoundingClientRect().top - before;
	};
}
