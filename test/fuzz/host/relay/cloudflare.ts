// The fuzzed relay on Durable Objects. party.ts beside it is the same on PartyKit.
// Knows Durable Objects; never knows who asks, nor what the relay does.
import relay, { Channel as RelayChannel } from '../../../../relay/hosts/cloudflare.ts';
import type { Environment } from '../../../../relay/hosts/environment.ts';
import { ObjectHost } from '../../../../relay/hosts/object-host.ts';
import { answerPrototypes, breakStorage, checkSettings } from './broken.ts';

class BrokenHost extends ObjectHost {
	override get storage() {
		return breakStorage(this.name, super.storage);
	}

	override get services() {
		checkSettings(this.name);
		return super.services;
	}
}

export class Channel extends RelayChannel {
	protected override createHost(context: DurableObjectState, environment: Environment): ObjectHost {
		return new BrokenHost(context, environment);
	}
}

export default {
	fetch: (request: Request, environment: Environment) => answerPrototypes(request) ?? relay.fetch(request, environment),
};
