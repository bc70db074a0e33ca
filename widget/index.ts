// Defines `<live-feed>`. The only file with that side effect; twice harms nothing, nor does Node, where there is nothing to define.
import { LiveFeed } from './live-feed.ts';

if (typeof customElements !== 'undefined' && !customElements.get('live-feed'))
	customElements.define('live-feed', LiveFeed);

export * from './events.ts';
export { LiveFeed } from './live-feed.ts';
export type { Words } from './words.ts';
