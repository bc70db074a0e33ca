// The page's clicks and submits, from the first moment on.
// Knows when to load what publishes them; never knows which of them are declared.

/** By then a first row is on the screen, and a page that declares nothing yet may still do so; milliseconds. */
const CALM_MS = 3000;

/** An event and its path, which is gone once it has been heard. */
type Gesture = readonly [event: Event, path: EventTarget[]];

/** Hands them to markup.ts: at once, or those that came before it was there as soon as it is. */
export function hearGestures(): void {
	const early: Gesture[] = [];
	const load = () =>
		import('./markup.ts').then(
			({ publish }) => {
				take = publish;
				for (const gesture of early.splice(0)) publish(gesture);
			},
			() => {}, // tried again at the next one
		);
	let take = (gesture: Gesture): void => {
		early.push(gesture);
		load();
	};
	for (const type of ['click', 'auxclick', 'submit'])
		document.addEventListener(type, (event) => take([event, event.composedPath()]), true);
	if (document.querySelector('[data-live-feed-publish]')) load();
	else setTimeout(load, CALM_MS);
}
