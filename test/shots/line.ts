// The line between a page and the relay, in the hands of a scene: open, silent, cut, or to a relay that refuses.
// Knows the WebSocket of a page and the form of a few messages; never knows what a panel makes of them.
import type { Page, WebSocketRoute } from 'playwright-core';
import type { FeedEvent, Pulse } from '../../relay/protocol/event.ts';
import { readFrame } from '../support/inflate.ts';

/** What is looked at of what a relay says, in a message or in a page. */
interface Said {
	type?: string;
	pulse?: Pulse;
	last?: number;
	entries?: FeedEvent[];
	events?: FeedEvent[];
}

/**
 * `silent` takes everything and answers nothing; `cut` refuses every attempt; `full` is a relay without room; `stranger` one
 * that speaks another protocol; `behind` says that 120 events are still to come; `mute` passes all but what is published.
 */
export type Condition = 'open' | 'silent' | 'cut' | 'full' | 'stranger' | 'behind' | 'mute';

const FULL = 'Too much is on its way to other viewers; try again.';

export class Line {
	#condition: Condition;
	readonly #sockets = new Set<WebSocketRoute>();

	private constructor(condition: Condition) {
		this.#condition = condition;
	}

	/** Takes a page's line in hand; before the page is opened. */
	static async lay(page: Page, condition: Condition): Promise<Line> {
		const line = new Line(condition);
		await page.routeWebSocket(/\/channels\//, (socket) => line.#connect(socket));
		await page.route(/\/(channels|health)(\/|$)/, async (route) => {
			if (/cut|full|silent/.test(line.#condition)) return route.abort('connectionrefused');
			const response = await route.fetch();
			if (!/json/.test(response.headers()['content-type'] ?? '')) return route.fulfill({ response });
			return route.fulfill({ response, body: line.#dress(await response.text()) });
		});
		return line;
	}

	/** From now on it is so; open connections are closed where it is `cut`. */
	set(condition: Condition): void {
		this.#condition = condition;
		if (condition !== 'cut') return;
		for (const socket of this.#sockets) void socket.close({ code: 1001 });
		this.#sockets.clear();
	}

	#connect(socket: WebSocketRoute): void {
		switch (this.#condition) {
			case 'silent':
				return;
			case 'cut':
				void socket.close({ code: 1001 });
				return;
			case 'full':
				socket.onMessage(() => {
					socket.send(JSON.stringify({ type: 'error', code: 'relay-full', message: FULL, retryable: true }));
					void socket.close({ code: 4529, reason: FULL });
				});
				return;
		}
		this.#sockets.add(socket);
		const relay = socket.connectToServer();
		socket.onMessage((message) => {
			const text = String(message);
			if (this.#condition === 'mute' && text.includes('"publish"')) return;
			relay.send(this.#condition === 'stranger' ? text.replace('"protocol":1', '"protocol":99') : text);
		});
		relay.onMessage((message) => socket.send(this.#dress(typeof message === 'string' ? message : readFrame(message))));
	}

	// Two things a relay cannot have yet: an hour behind it, and the proof of who somebody is.
	#dress(text: string): string {
		const message = JSON.parse(text) as Said; // the relay's
		if (message.type === 'welcome' && message.pulse) {
			message.pulse.counts = drawHour();
			if (this.#condition === 'behind' && message.last) message.last += 120;
		}
		for (const { actor } of message.entries ?? message.events ?? []) if (actor?.id !== undefined) actor.verified = true;
		return JSON.stringify(message);
	}
}

/** An hour with two busy stretches, and three minutes in which something failed. */
function drawHour(): Pulse['counts'] {
	const busy = Array.from({ length: 60 }, (_, i) =>
		Math.round(9 * Math.max(0, Math.sin(i / 7)) + ((i * 7) % 5) * (i % 13 < 9 ? 1 : 0)),
	);
	return { info: busy, error: busy.map((_, i) => ([17, 18, 44].includes(i) ? 3 : 0)) };
}
