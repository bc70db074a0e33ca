// A configuration of workerd in which the edge, the channels and the relay's own object run in isolates of their own, as on
// a distributed engine: what one of them keeps in its module's memory no other sees.
// Knows workerd's schema; never knows what is asked of the relay.
import { bracket } from '../../relay/run/port.ts';
import {
	BUNDLE_FILE,
	COMPATIBILITY_DATE,
	formatVariables,
	quote,
	type WorkerdConfig,
} from '../../relay/run/workerd-config.ts';

export function formatDistributed({ host, port, site, objects, variables }: WorkerdConfig): string {
	const namespaces = `
    (name = "CHANNEL", durableObjectNamespace = (className = "Channel", serviceName = "channels")),
    (name = "RELAY", durableObjectNamespace = (className = "Relay", serviceName = "collector")),
    (name = "SITE", service = "site"),
${formatVariables(variables)}`;
	const worker = (name: string, more = '') => `
const ${name} :Workerd.Worker = (
  modules = [(name = "relay.js", esModule = embed ${quote(BUNDLE_FILE)})],
  compatibilityDate = ${quote(COMPATIBILITY_DATE)},${more}
  bindings = [${namespaces}
  ],
);
`;
	const storage = (className: string) => `
  durableObjectNamespaces = [(className = ${quote(className)}, uniqueKey = ${quote(className)}, enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),`;
	return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "edge", worker = .edge),
    (name = "channels", worker = .channels),
    (name = "collector", worker = .collector),
    (name = "site", disk = (path = ${quote(site)})),
    (name = "objects", disk = (path = ${quote(objects)}, writable = true)),
  ],
  sockets = [(name = "http", address = ${quote(`${bracket(host)}:${port}`)}, http = (), service = "edge")],
);
${worker('edge')}${worker('channels', storage('Channel'))}${worker('collector', storage('Relay'))}`;
}
