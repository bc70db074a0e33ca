// Which channels of this process somebody is connected to: those are told before the relay stops.
// Knows names and numbers; never knows who it is, nor what a channel does.

/** Outlives the sleep of a channel, whose own memory does not. */
export class Audience {
	readonly #counts = new Map<string, number>();

	get channels(): string[] {
		return [...this.#counts.keys()];
	}

	enter(channel: string): void {
		this.#counts.set(channel, (this.#counts.get(channel) ?? 0) + 1);
	}

	leave(channel: string): void {
		const count = this.#counts.get(channel) ?? 0;
		if (count > 1) this.#counts.set(channel, count - 1);
		else this.#counts.delete(channel);
	}
}
