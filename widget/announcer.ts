// The one voice of the panel for those who listen to it: how much is new, now and then.
// Knows numbers and when they may be said; never knows rows.
import type { FeedEvent } from '../relay/protocol/event.ts';
import type { Words } from './words.ts';

/** What comes within this time is told together, and after a silence soon; milliseconds. */
const PAUSE_MS = 5000;
const SOON_MS = 1000;

export class Announcer {
	readonly #voice = document.createElement('p');
	readonly #getWords: () => Words;
	#events = 0;
	#errors = 0;
	#saidAt = Number.NEGATIVE_INFINITY;
	#timer: ReturnType<typeof setTimeout> | undefined;

	/** @param root Where it speaks: beside the list and empty at first, since what is there from the start is not read out. */
	constructor(root: ShadowRoot, getWords: () => Words) {
		this.#getWords = getWords;
		this.#voice.className = 'unseen';
		this.#voice.setAttribute('role', 'status');
		root.append(this.#voice);
	}

	/** Live events came. */
	count(events: readonly FeedEvent[]): void {
		this.#events += events.length;
		for (const { level } of events) if (level === 'error') this.#errors++;
		const wait = Math.max(this.#saidAt + PAUSE_MS - performance.now(), SOON_MS);
		this.#timer ??= setTimeout(() => this.#tell(), wait);
	}

	/** What was not said yet is not said any more. */
	hush(): void {
		clearTimeout(this.#timer);
		this.#timer = undefined;
		this.#events = this.#errors = 0;
	}

	/** Says something at once. */
	say(text: string): void {
		// The same words again would not be heard as something new.
		this.#voice.textContent = text === this.#voice.textContent ? `${text}\u00a0` : text;
	}

	#tell(): void {
		this.say(this.#getWords().announce(this.#events, this.#errors));
		this.#saidAt = performance.now();
		this.hush();
	}
}
