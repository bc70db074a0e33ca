// Work for many viewers, so many at a time with the engine's turn between: nobody waits for all of it.
// Knows how many and when it goes on; never knows what is done for each.
import { SLICE_VIEWERS } from './protocol/limits.ts';

/** Answers at once, with the first of them done. `afterDrain` gives the engine its turn; `done` is called after another one, once all are. */
export function inSlices<T>(
	items: readonly T[],
	each: (item: T) => void,
	afterDrain: (run: () => void) => void,
	done?: () => void,
): void {
	let at = 0;
	const goOn = () => {
		for (const end = Math.min(at + SLICE_VIEWERS, items.length); at < end; at++) each(items[at] as T); // below the length
		if (at < items.length) afterDrain(goOn);
		else if (done) afterDrain(done);
	};
	goOn();
}
