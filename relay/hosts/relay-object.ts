// The one object to which all channels report, where they may be in other isolates.
// Knows its storage and its bindings; never knows what it is told.
import { DurableObject } from 'cloudflare:workers';
import { RECOUNT } from '../edge.ts';
import type { Identity } from '../identity.ts';
import type { KeyValueStorage } from '../log-storage.ts';
import type { ChannelReport } from '../services/channel-report.ts';
import { Collector } from '../services/collector.ts';
import { readSettings } from '../settings.ts';
import { type Environment, INSIDE } from './environment.ts';

export class Relay extends DurableObject<Environment> {
	readonly #collector: Collector;

	constructor(context: DurableObjectState, environment: Environment) {
		super(context, environment);
		this.#collector = new Collector({
			storage: context.storage as unknown as KeyValueStorage, // its methods of these names
			limits: readSettings(environment).limits,
			clock: () => Date.now(),
			deployment: environment.VERSION?.id ?? '',
			recount: (channel) => environment.CHANNEL.getByName(channel).fetch(`${INSIDE}/${RECOUNT}`, { method: 'POST' }),
		});
	}

	report(report: ChannelReport) {
		return this.#collector.report(report);
	}

	openChannel(who: Identity) {
		return this.#collector.openChannel(who);
	}

	summarise() {
		return this.#collector.summarise();
	}

	connectedChannels() {
		return this.#collector.connectedChannels();
	}
}
