// Defines `<live-feed>`, and listens to what the page declares by `data-live-feed-publish`.
// The only file with these side effects; twice harms nothing, nor does Node, where there is nothing to define.
import { hearGestures } from './gestures.ts';
import { LiveFeed } from './live-feed.ts';

if (typeof customElements !== 'undefined' && !customElements.get('live-feed')) {
	// Node has neither, but for one of them a stand-in of Lit's.
	if (globalThis.document) hearGestures();
	customElements.define('live-feed', LiveFeed);
}

export * from './events.ts';
export { LiveFeed } from './live-feed.ts';
export type { Words } from './words.ts';
