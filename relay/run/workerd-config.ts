// The configuration by which workerd runs the relay, in its own language (Cap'n Proto text).
// Knows workerd's schema and the layout of the state folder; never knows processes, nor the values of settings.
import { bracket } from './port.ts';

/** The date whose behaviour of the engine the relay was tried with. */
export const COMPATIBILITY_DATE = '2026-11-17';
/** A stranger's 29 kB would be inflated to 30 MB before the relay sees them. Frames of its own are deflated by the relay. */
export const COMPATIBILITY_FLAGS = ['no_web_socket_compression'];
/** The name under which PartyKit keeps its objects, so that both engines open the same state. */
export const UNIQUE_KEY = '-PartyKitDurable';
/** Where PartyKit keeps its objects below the state folder. */
export const OBJECTS_FOLDER = 'party';
/** The bundle, beside the configuration: workerd embeds relative paths alone. */
export const BUNDLE_FILE = 'relay.js';

export interface WorkerdConfig {
	host: string;
	port: number;
	/** Absolute. */
	site: string;
	/** Absolute. The folder must exist. */
	objects: string;
	/** Names of variables, whose values workerd takes from its own environment. */
	variables: readonly string[];
}

export function formatConfig({ host, port, site, objects, variables }: WorkerdConfig): string {
	return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "relay", worker = .relay),
    (name = "site", disk = (path = ${quote(site)})),
    (name = "objects", disk = (path = ${quote(objects)}, writable = true)),
    (name = "files", disk = (path = ${quote(`${objects}/${UNIQUE_KEY}`)}, writable = true)),
  ],
  sockets = [(name = "http", address = ${quote(`${bracket(host)}:${port}`)}, http = (), service = "relay")],
);

const relay :Workerd.Worker = (
  modules = [(name = "relay.js", esModule = embed ${quote(BUNDLE_FILE)})],
  compatibilityDate = ${quote(COMPATIBILITY_DATE)},
  compatibilityFlags = [${COMPATIBILITY_FLAGS.map(quote).join(', ')}],
  durableObjectNamespaces = [(className = "Channel", uniqueKey = ${quote(UNIQUE_KEY)}, enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "CHANNEL", durableObjectNamespace = "Channel"),
    (name = "SITE", service = "site"),
    (name = "FILES", service = "files"),
${formatVariables(variables)}
  ],
);
`;
}

/** Bindings whose values workerd takes from its own environment. */
export function formatVariables(names: readonly string[]): string {
	return names.map((name) => `    (name = ${quote(name)}, fromEnvironment = ${quote(name)}),`).join('\n');
}

/** A string of Cap'n Proto, whose escapes are C's: JSON has no others. */
export function quote(text: string): string {
	return JSON.stringify(text);
}
