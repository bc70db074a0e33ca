// Takes out of the bundled packages what our use of them never reaches, for the drop-in script's budget.
// Knows their text, as the lock file pins it: any other fails the build. Never knows our own code; test/package/prune-packages.test.ts does.
import { createHash } from 'node:crypto';
import type { Plugin } from 'vite';

interface Cut {
	/** The end of the file's path. */
	file: string;
	/** Of the text that the cuts were made for: the beginning of its SHA-256. */
	hash: string;
	/** Members of classes that nothing calls. */
	members?: string[];
	/** Text, and what stands for it once those members are gone. */
	replacements: (readonly [string | RegExp, string])[];
}

const CUTS: Cut[] = [
	{
		// One attempt, to an address that is a string, with no queue of its own; nobody listens to what we close (client/websocket.ts).
		file: 'partysocket/dist/ws.js',
		hash: 'ee2e667894cdefd4',
		members: [
			...['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED', 'retryCount', 'bufferedAmount', 'extensions', 'protocol', 'url'],
			...['binaryType', 'readyState', 'shouldReconnect', 'reconnect', 'drainQueuedMessages', '_debug'],
			...['_getNextDelay', '_wait', '_getNextUrl', '_getNextProtocols', '_acceptOpen', '_handleTimeout'],
			...['_clearTimeouts'],
		],
		replacements: [
			[/\bthis\.CONNECTING\b/g, '0'],
			[/\bthis\.OPEN\b/g, '1'],
			[/this\._debug\([^;]*;/g, ''],
			[/this\._clearTimeouts\(\);/g, 'clearTimeout(this._connectTimeout);'],
			// Nobody listens but by `onopen` and its kind, and those read `code`, `reason` and `data`.
			[/extends EventTarget (\{[\s\S]*?)super\(\);/, '$1'],
			[/this\.dispatchEvent\(cloneEvent\(event\)\);/g, ''],
			[/if \(this\.(on\w+)\) (?=this\.\1\()/g, ''],
			['new Events.ErrorEvent(Error(err.message), this)', 'err'],
			['new Events.CloseEvent(code, reason, this)', '{ code, reason }'],
			['() => this._handleTimeout()', '() => this._handleError({ message: "TIMEOUT" })'],
			// Options that are not given, or say that there is no queue and no second attempt.
			['this._protocols = protocols;', ''],
			['if (this._options.startClosed) this._shouldReconnect = false;', ''],
			[/if \(this\._options\.debugLogger\)\s*this\._debugLogger = this\._options\.debugLogger;/, ''],
			[/if \(this\._connectLock [\s\S]*?(?=this\._wait)/, ''],
			[/this\._wait\(\)[\s\S]*?\.then\(\(\[url, protocols\]\) => \{/, 'Promise.resolve().then(() => {'],
			[/\{\s*this\._connectLock = false;\s*return;\s*\}/, 'return;'],
			[/this\._connectLock = false;/g, ''],
			[/if \(\s*!this\._options\.WebSocket &&[\s\S]*?const WS = [^;]*;/, ''],
			['protocols ? new WS(url, protocols) : new WS(url)', 'new WebSocket(this._url)'],
			[/(?<=\s)connectionTimeout\s*(?=\);)/, 'this._options.connectionTimeout'],
			[/const \{ minUptime = [^;]*;/, ''],
			['this._uptimeTimeout = setTimeout(() => this._acceptOpen(), minUptime);', ''],
			[/assert\(this\._ws, [\s\S]*?this\._messageQueue = \[\];/, ''],
			[/(?<=this\.onerror\(event\);\s*)this\._connect\(\);/, ''],
			[/if \(\s*this\._options\.shouldReconnectOnClose &&[\s\S]*?this\._connect\(\);/, ''],
			[/if \(this\._closeCalled && !this\._didWarnAboutClosedSend\) \{[\s\S]*?(?=return false;)/, ''],
			// What has ended may be ended again.
			[/close\(code = 1e3, [\s\S]*?(?=this\._disconnect)/, 'close(code, reason) { this._closeCalled = true;'],
			[/(?<=_(?:add|remove)Listeners\(\) \{\s*)if \(!this\._ws\) return;/g, ''],
			['this._ws.addEventListener("error", absorbError);', ''],
			// It is said before there is a socket.
			[/this\._binaryType/g, 'this.binaryType'],
			// Fields that hold nothing yet, and what other places lack.
			[/^ {2}\w+(?: = (?:null|true|false|-1|\[\]|"blob"|console\.log\.bind\(console\)))?;$/gm, ''],
			[/const DEFAULT = \{[\s\S]*?\};/, ''],
			[/if \(!globalThis\.EventTarget [\s\S]*?`\s*\);/, ''],
		],
	},
	{
		// Every browser that runs the script has what it asks for: the element uses it itself. Style sheets are literals without values.
		file: '@lit/reactive-element/css-tag.js',
		hash: '902f8d23ab8fb24a',
		members: ['toString'],
		replacements: [
			[/if\(this\._\$cssResult\$=!0.*?this\.t=e/, 'this.cssText=t'],
			[/let t=this\.o;.*?return t(?=\})/, 'return this.o||(this.o=new CSSStyleSheet).replaceSync(this.cssText),this.o'],
			[/\(t,\.\.\.e\)=>\{const o=1===.*?(?=\},S=)/, 't=>{return new n(t[0])'],
			[/if\(e\)s\.adoptedStyleSheets=.*?s\.appendChild\(o\)\}/, 's.adoptedStyleSheets=o.map(t=>t.styleSheet)'],
			[/e=t\.ShadowRoot&&.*?in CSSStyleSheet\.prototype/, 'e=!0'],
		],
	},
	{
		// For decorators, polyfills, initializers, controllers, converters, defaults and properties that are objects: none of them is used.
		file: '@lit/reactive-element/reactive-element.js',
		hash: '76e9815ec67d1668',
		members: [
			...['addInitializer', 'addController', 'removeController', 'getPropertyDescriptor', 'getPropertyOptions'],
			...['finalizeStyles', 'enableUpdating', 'shouldUpdate', 'willUpdate', 'firstUpdated', 'updated', 'C'],
			...['getUpdateComplete'],
		],
		replacements: [
			[/c=a\.trustedTypes,.*?(?=d=)/, ''],
			[/t=t\?l:null;break;case Object:.*?(?=\}return t)/, 't=t?"":null'],
			[/break;case Number:.*?(?=\}return i\})/, ''],
			[/,b=\{.*?litPropertyMetadata\?\?=new WeakMap/, ''],
			[
				/createProperty\(t,s=b\)\{.*?\}(?=static _\$Ei)/,
				'createProperty(t,s){this.elementProperties.set(t,s);const i=Symbol();s.noAccessor||e(this.prototype,t,{get(){return this[i]},set(s){const e=this[i];this[i]=s,this.requestUpdate(t,e)},configurable:!0,enumerable:!0})}',
			],
			['if(this.hasOwnProperty(d("elementProperties")))return;', ''],
			['void 0!==t.l&&(this.l=[...t.l]),', ''],
			['const t=this.properties,s=[...r(t),...o(t)];for(const i of s)', 'const t=this.properties;for(const i in t)'],
			[/const t=this\[Symbol\.metadata\];if\(null!==t\)\{.*?\}(?=this\._\$Eh=new Map)/, ''],
			['this.finalizeStyles(this.styles)', 'this.styles'],
			['"string"==typeof t?t.toLowerCase():void 0', 't.toLowerCase()'],
			['this._$Ep=void 0,this.isUpdatePending=!1,this.hasUpdated=!1,this._$Em=null,', ''],
			[',this.constructor.l?.forEach(t=>t(this))', ''],
			[/,?this\._\$EO\?\.forEach\(t=>t\.host(?:Connected|Disconnected)\?\.\(\)\)/g, ''],
			['(void 0!==i.converter?.toAttribute?i.converter:u)', 'u'],
			[/const t=i\.getPropertyOptions\(e\),h=.*?(?=this\._\$Em=e)/, ''],
			[/const r=h\.fromAttribute.*?\?\?r,/, 'this[e]=u.fromAttribute(s,i.elementProperties.get(e).type),'],
			[
				/requestUpdate\(t,s,i,e=!1,h\)\{.*?!1===this\.isUpdatePending&&/,
				'requestUpdate(t,s){if(void 0!==t){if(!f(this[t],s))return;this._$AL.has(t)||this._$AL.set(t,this.hasUpdated?s:void 0),this.constructor.elementProperties.get(t).reflect&&this._$Em!==t&&(this._$Eq??=new Set).add(t)}this.isUpdatePending||',
			],
			[/const t=this\.constructor\.elementProperties;if\(t\.size>0\)for.*?(?=\}let t=!1)/, ''],
			[/let t=!1;(?=const s)/, ''],
			[
				/t=this\.shouldUpdate\(s\),.*?t&&this\._\$AE\(s\)/,
				'this.willUpdate(s),this.update(s)}catch(s){throw this._$EM(),s}this._$AE(s)',
			],
			['this._$EO?.forEach(t=>t.hostUpdated?.()),', ''],
			['this.hasUpdated||(this.hasUpdated=!0,this.firstUpdated(t))', 'this.hasUpdated=!0'],
			['return this.getUpdateComplete()', 'return this._$ES'],
			['this.constructor.shadowRootOptions', '{mode:"open"}'],
			[/y\.elementStyles=\[\].*?push\("2\.1\.2"\);/, ''],
		],
	},
	{
		// For hydration, polyfills, and handlers that ask for the element as `this`.
		file: 'lit-element/lit-element.js',
		hash: 'ee09e38303bb39c3',
		members: ['constructor', 'createRenderRoot', 'connectedCallback', 'disconnectedCallback', 'render'],
		replacements: [
			['this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),', ''],
			['this._$Do=e(r,this.renderRoot,this.renderOptions)', 'e(r,this.renderRoot)'],
			['i._$litElement$=!0,', ''],
			[/,s\.litElementHydrateSupport.*?;o\?\.\(\{LitElement:i\}\);/, ';'],
			['(s.litElementVersions??=[]).push("4.2.2");', ''],
		],
	},
	{
		// For polyfills, a warning that is never given here, options of listeners, directives in other places than that of a child,
		// and templates and bindings of kinds that there are none of (test/package/prune-packages.test.ts).
		file: 'lit-html/lit-html.js',
		hash: 'b878e7f95dec8a9b',
		members: ['_$AU', 'parentNode', 'startNode', 'tagName', 'setConnected'],
		replacements: [
			['l=2===i?"<svg>":3===i?"<math>":""', 'l=""'],
			['(2===i?"</svg>":3===i?"</math>":"")', '""'],
			[
				'if(this.el=S.createElement(f,e),P.currentNode=this.el.content,2===i||3===i){const t=this.el.content.firstChild;t.replaceWith(...t.childNodes)}',
				'this.el=S.createElement(f,e);P.currentNode=this.el.content;',
			],
			['(y.test(u[2])&&(n=RegExp("</"+u[2],"g")),c=p)', 'c=p'],
			[/if\(y\.test\(r\.tagName\)\)\{.*?\}\}(?=\}else if\(8)/, ''],
			['else t.startsWith(o)&&(d.push({type:6,index:l}),r.removeAttribute(t))', ''],
			['else{let t=-1;for(;-1!==(t=r.data.indexOf(o,t+1));)d.push({type:7,index:l}),t+=o.length-1}', ''],
			[
				/function M\(t,i,s=t,e\)\{.*?\}(?=class R)/,
				'function M(t,i){if(i===E)return i;let s=t._$Cl;const e=a(i)?void 0:i._$litDirective$;return s?.constructor!==e&&(t._$Cl=s=e&&new e),s?s._$AS(t,i.values):i}',
			],
			[
				'constructor(t,i){this._$AV=[],this._$AN=void 0,this._$AD=t,this._$AM=i}',
				'constructor(t){this._$AV=[],this._$AD=t}',
			],
			['(t?.creationScope??l)', 'l'],
			[
				'new k(h,h.nextSibling,this,t):1===r.type?i=new r.ctor(h,r.name,r.strings,this,t):6===r.type&&(i=new Z(h,this,t))',
				'new k(h,h.nextSibling):i=new r.ctor(h,r.name,r.strings)',
			],
			[/constructor\(t,i,s,e\)\{this\.type=2.*?\}/, 'constructor(t,i){this._$AH=A,this._$AA=t,this._$AB=i}'],
			['_$AI(t,i=this){t=M(this,t,i),', '_$AI(t){t=M(this,t),'],
			[/const\{values:i,_\$litType\$:s\}=t,e=.*?,s\);/, 'const{values:i}=t,e=this._$AC(t);'],
			['new R(e,this),s=t.u(this.options)', 'new R(e),s=t.u()'],
			['new k(this.O(c()),this.O(c()),this,this.options)', 'new k(this.O(c()),this.O(c()))'],
			['=this._$AA.nextSibling,s){for(this._$AP?.(!1,!0,s);', '=this._$AA.nextSibling){for(;'],
			[
				'constructor(t,i,s,e,h){this.type=1,this._$AH=A,this._$AN=void 0,this.element=t,this.name=i,this._$AM=e,this.options=h,',
				'constructor(t,i,s){this.element=t,this.name=i,',
			],
			['_$AI(t,i=this,s,e){const h=', '_$AI(t,i,s){const h='],
			['t=M(this,t,i,0),o=!a(t)||t!==this._$AH&&t!==E,', 'o=!a(t)||t!==this._$AH,'],
			['r=M(this,e[s+n],i,n),r===E&&(r=this._$AH[n]),', 'r=e[s+n],'],
			['o&&!e&&this.j(t)', 'o&&this.j(t)'],
			['constructor(){super(...arguments),this.type=3}', ''],
			['constructor(){super(...arguments),this.type=4}', ''],
			['constructor(t,i,s,e,h){super(t,i,s,e,h),this.type=5}', ''],
			[
				/_\$AI\(t,i=this\)\{if\(\(t=M.*?(?=handleEvent)/,
				'_$AI(t){const i=this._$AH;t??=A,t===A?i!==A&&this.element.removeEventListener(this.name,this):i===A&&this.element.addEventListener(this.name,this),this._$AH=t}',
			],
			[/"function"==typeof this\._\$AH\?.*?this\._\$AH\.handleEvent\(t\)/, 'this._$AH(t)'],
			[/const j=\{.*?\},B=/, 'const j={I:k},B='],
			['B=t.litHtmlPolyfillSupport;B?.(S,k),(t.litHtmlVersions??=[]).push("3.3.3");', 'B=0;'],
			[
				/const e=s\?\.renderBefore\?\?i;.*?return h\._\$AI\(t\),h/,
				'const e=i._$litPart$??=new k(i.insertBefore(c(),null),null);return e._$AI(t),e',
			],
		],
	},
	{
		// For directives that look at where they are.
		file: 'lit-html/directive.js',
		hash: '3344c4f41c69cd07',
		members: ['constructor', '_$AU', '_$AT', 'update'],
		replacements: [],
	},
	{
		// A line stays in its list, and none of them holds what is told of its end.
		file: 'lit-html/directive-helpers.js',
		hash: 'f7fb1154b8f72ed2',
		replacements: [
			[/,n=e\._\$AM,c=n!==o;if\(c\)\{.*?e\._\$AP\(t\)\}/, ';'],
			['t!==d||c', 't!==d'],
			['new t(i,n,o,o.options)', 'new t(i,n)'],
			['u=(o,t,i=o)=>(o._$AI(t,i),o)', 'u=(o,t)=>(o._$AI(t),o)'],
		],
	},
];

interface Node {
	type: string;
	start: number;
	end: number;
	key?: { name?: string };
}

/** The build plugin; it saves some 19 % of the compressed script. */
export function prunePackages(): Plugin {
	return {
		name: 'live-feed:prune-packages',
		apply: 'build',
		transform(code, id) {
			const path = id.replaceAll('\\', '/');
			const cut = CUTS.find(({ file }) => path.endsWith(file));
			if (!cut) return;
			const { file, hash, members = [], replacements } = cut;
			const unused = findMembers(this.parse(code) as unknown as Node).filter(({ key }) =>
				members.includes(key?.name ?? ''),
			);
			const expect = (isThere: boolean, what: string) => {
				if (!isThere) this.error(`${file} has no ${what} to cut (widget/build/prune-packages.ts).`);
			};
			const found = createHash('sha256').update(code).digest('hex').slice(0, hash.length);
			if (found !== hash)
				this.error(`${file} is another (${found}): look at all that is cut from it (widget/build/prune-packages.ts).`);
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
