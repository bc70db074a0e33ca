// What must be ended when the bench ends, also when it is interrupted.
// Knows the order; never knows what is ended.

const kept = new Set<() => Promise<void>>();

/** Answers the function that ends it, at most once; `endAll` ends it where nobody did. */
export function keepEnding(end: () => Promise<void>): () => Promise<void> {
	let ended: Promise<void> | undefined;
	const stop = () => {
		kept.delete(stop);
		ended ??= end();
		return ended;
	};
	kept.add(stop);
	return stop;
}

/** Ends all that is left, what came last first. */
export async function endAll(): Promise<void> {
	for (const stop of [...kept].reverse()) await stop().catch((error) => console.error(error));
}
