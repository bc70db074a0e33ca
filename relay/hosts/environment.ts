// What the configuration of a Durable Objects engine binds, and what is found by it.
// Knows names of bindings and objects; never knows what an object does.
import type { RemoteCollector } from '../services/object-services.ts';
import type { RemoteSummary } from '../services/remote-services.ts';
import { ObjectFiles } from './object-files.ts';

/** What the configuration binds, beside the settings of the relay. */
export interface Environment extends Record<string, unknown> {
	CHANNEL: DurableObjectNamespace;
	/** Bound where objects may be in other isolates: there one object has what belongs to the whole relay. */
	RELAY?: DurableObjectNamespace;
	/** Names the deployment, where the platform does. */
	VERSION?: { id: string };
	/** The built site. */
	SITE: Fetcher;
	/** The folder that holds the objects' files, where the relay runs on one machine. */
	FILES?: Fetcher;
	LIVE_FEED_CONTROL?: string;
}

/** All channels report to the object of this name. */
const RELAY_NAME = 'relay';
/** Requests between the edge and an object have no host of their own. */
export const INSIDE = 'http://channel';

/** Undefined where the relay does not see them. */
export function openFiles({ FILES, CHANNEL }: Environment): ObjectFiles | undefined {
	return FILES && new ObjectFiles(FILES, (channel) => String(CHANNEL.idFromName(channel)));
}

/** The stub has the same methods, by RPC. */
export function findRelay(relay: DurableObjectNamespace): RemoteCollector & RemoteSummary {
	return relay.getByName(RELAY_NAME) as unknown as RemoteCollector & RemoteSummary;
}
