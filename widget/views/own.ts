// The page's own drawing of an event, in place of ours.
// Knows that it may fail, and keeps what it gave; never knows what it looks like.
import { html } from 'lit';
import type { FeedEvent } from '../../relay/protocol/event.ts';
import type { PanelProps } from './panel.ts';
import type { RowHandlers } from './row.ts';

type Render = PanelProps['renderEvent'];

/** Drawings that are kept at the most: what one scrolls back to is the same node again. */
const MOST_DRAWINGS = 1000;

// By panel, each of which has handlers of its own: several may draw the same event, and a node has one place.
const kept = new WeakMap<RowHandlers, { render: Render; drawings: Map<FeedEvent, Node | string | undefined> }>();

/** What the page draws, once for each event; undefined for our own row, also where the page's function throws. */
export function ownView(event: FeedEvent, render: Render, on: RowHandlers): unknown {
	if (!render) return undefined;
	const known = kept.get(on);
	const { drawings } = known?.render === render ? known : { drawings: new Map<FeedEvent, Node | string | undefined>() };
	kept.set(on, { render, drawings });
	if (!drawings.has(event)) {
		let drawing: Node | string | undefined;
		try {
			drawing = render(event) ?? undefined;
		} catch (error) {
			on.onError(error);
		}
		drawings.set(event, drawing);
		const [oldest] = drawings.keys();
		if (oldest && drawings.size > MOST_DRAWINGS) drawings.delete(oldest);
	}
	const drawing = drawings.get(event);
	return typeof drawing === 'string' ? html`<p class="text" dir="auto">${drawing}</p>` : drawing;
}
