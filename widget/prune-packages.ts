// Takes out of the bundled packages what our use of them never reaches, for the drop-in script's budget.
// Knows their text, as the lock file pins it; a package that reads otherwise fails the build. Never knows our own code.
import type { Plugin } from 'vite';

interface Cut {
	/** The end of the file's path. */
	file: string;
	/** Members of classes that nothing calls. */
	members?: string[];
	/** Text, and what stands for it. */
	replacements: (readonly [string | RegExp, string])[];
}

const CUTS: Cut[] = [
	{
		// There are no retries and no queue of its own, and the address is a string (client/websocket.ts).
		file: 'partysocket/dist/ws.js',
		members: [
			...['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED', 'retryCount', 'bufferedAmount', 'extensions', 'protocol', 'url'],
			...['shouldReconnect', 'reconnect', 'drainQueuedMessages'],
			...['_getNextDelay', '_wait', '_getNextUrl', '_getNextProtocols', '_acceptOpen'],
		],
		replacements: [
			[/\b(?:this|ReconnectingWebSocket)\.CONNECTING\b/g, '0'],
			[/\b(?:this|ReconnectingWebSocket)\.OPEN\b/g, '1'],
			[/\b(?:this|ReconnectingWebSocket)\.CLOSING\b/g, '2'],
			[/\b(?:this|ReconnectingWebSocket)\.CLOSED\b/g, '3'],
			[/this\._wait\(\)\s*\.then\(\(\) =>\s*Promise\.all\(\[[^\]]*\]\)\s*\)/, 'Promise.resolve([this._url])'],
			['this._uptimeTimeout = setTimeout(() => this._acceptOpen(), minUptime);', ''],
			['const { minUptime = DEFAULT.minUptime } = this._options;', ''],
			// Nobody listens but by `onopen` and its kind, and those read `code`, `reason` and `data`.
			[/this\.dispatchEvent\(cloneEvent\(event\)\);/g, ''],
			['new Events.ErrorEvent(Error("TIMEOUT"), this)', '{ message: "TIMEOUT" }'],
			['new Events.ErrorEvent(Error(err.message), this)', 'err'],
			['new Events.CloseEvent(code, reason, this)', '{ code, reason }'],
			[/extends EventTarget (\{[\s\S]*?)super\(\);/, '$1'],
			// Options that are not given, or say that there is no queue.
			['if (this._options.startClosed) this._shouldReconnect = false;', ''],
			[/return this\._options\.startClosed\s*\? 3\s*: 0;/, 'return 0;'],
			[/if \(this\._closeCalled && !this\._didWarnAboutClosedSend\) \{[\s\S]*?\n {4}\}/, ''],
			[/const \{ maxEnqueuedMessages = [\s\S]*?\n {4}\}/, ''],
			[/this\._messageQueue\.forEach\([\s\S]*?\}\);\s*this\._messageQueue = \[\];/, ''],
			['_messageQueue = [];', ''],
			[/const DEFAULT = \{[\s\S]*?\};/, 'const DEFAULT = {};'],
			[/if \(\s*!this\._options\.WebSocket &&[\s\S]*?didWarnAboutMissingWebSocket = true;\s*\}/, ''],
			['_debugLogger = console.log.bind(console);', ''],
			[/if \(this\._options\.debugLogger\)\s*this\._debugLogger = this\._options\.debugLogger;/, ''],
			['const WS = this._options.WebSocket || WebSocket;', 'const WS = WebSocket;'],
			['clearTimeout(this._uptimeTimeout);', ''],
			['_uptimeTimeout;', ''],
			['this._protocols = protocols;', ''],
			['this._ws = protocols ? new WS(url, protocols) : new WS(url);', 'this._ws = new WS(url);'],
			['assert(this._ws, "WebSocket is not defined");', ''],
			[/if \(\s*this\._options\.shouldReconnectOnClose &&[\s\S]*?this\._shouldReconnect = false;/, ''],
		],
	},
	{
		// Every browser that runs the script has them: the element uses them itself.
		file: '@lit/reactive-element/css-tag.js',
		replacements: [
			[/e=t\.ShadowRoot&&.*?in CSSStyleSheet\.prototype/, 'e=!0'],
			[/"Value passed to.*?page security\."/, '"css"'],
			[/"CSSResult is not constructable.*?instead\."/, '"css"'],
		],
	},
	{
		// For decorators, properties that are objects, and polyfills: none of them is used.
		file: '@lit/reactive-element/reactive-element.js',
		replacements: [
			[/case Object:case Array:t=null==t\?t:JSON\.stringify\(t\)/, ''],
			[/case Object:case Array:try\{.*?\}catch\(t\)\{i=null\}/, ''],
			[',p?.({ReactiveElement:y}),(a.reactiveElementVersions??=[]).push("2.1.2")', ''],
			['p=a.reactiveElementPolyfillSupport,', ''],
			['Symbol.metadata??=Symbol("metadata"),a.litPropertyMetadata??=new WeakMap;', ''],
			[/const t=this\[Symbol\.metadata\];if\(null!==t\)\{.*?\}(?=this\._\$Eh=new Map)/, ''],
		],
	},
	{
		// For polyfills, and a warning that is never given here.
		file: 'lit-html/lit-html.js',
		replacements: [['B=t.litHtmlPolyfillSupport;B?.(S,k),(t.litHtmlVersions??=[]).push("3.3.3");', 'B=0;']],
	},
	{
		// For hydration and polyfills, which are not used.
		file: 'lit-element/lit-element.js',
		replacements: [
			[/,s\.litElementHydrateSupport.*?;o\?\.\(\{LitElement:i\}\);/, ';'],
			['(s.litElementVersions??=[]).push("4.2.2");', ''],
		],
	},
];

interface Node {
	type: string;
	start: number;
	end: number;
	key?: { name?: string };
}

/** The build plugin; it saves some 4 % of the compressed script. */
export function prunePackages(): Plugin {
	return {
		name: 'live-feed:prune-packages',
		apply: 'build',
		transform(code, id) {
			const path = id.replaceAll('\\', '/');
			const cut = CUTS.find(({ file }) => path.endsWith(file));
			if (!cut) return;
			const { file, members = [], replacements } = cut;
			const unused = findMembers(this.parse(code) as unknown as Node).filter(({ key }) =>
				members.includes(key?.name ?? ''),
			);
			const expect = (isThere: boolean, what: string) => {
				if (!isThere)
					this.error(`${file} has no ${what} any more: see what may be cut now (widget/prune-packages.ts).`);
			};
			for (const name of members)
				expect(
					unused.some(({ key }) => key?.name === name),
					`member ${name}`,
				);
			let pruned = code;
			for (const { start, end } of unused.toReversed()) pruned = pruned.slice(0, start) + pruned.slice(end);
			for (const [text, replacement] of replacements) {
				const before = pruned;
				pruned = pruned.replace(text, replacement);
				expect(pruned !== before, `text ${text}`);
			}
			return { code: pruned, map: null };
		},
	};
}

/** All methods of all classes, in order. */
function findMembers(node: Node): Node[] {
	if (node.type === 'MethodDefinition') return [node];
	return Object.values(node)
		.flat()
		.filter((value): value is Node => typeof (value as Node | null)?.type === 'string')
		.flatMap(findMembers);
}
