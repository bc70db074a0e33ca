// Every check that decides who may do what, and how it is taken out.
// Knows places and texts; never knows what is asked of a relay without one.

import type { EngineName } from '../../relay/run/engine.ts';

export interface Check {
	/** What is no longer looked at. */
	what: string;
	/** In a file: the text that is found there once, and what stands in its place. */
	edits: { file: string; text: string; instead: string }[];
	/** Variables of the relay that asks for tokens, in place of the usual ones: where another check would stand before it. */
	vars?: Record<string, string>;
	/** The engine that has it, where the other one needs none. */
	engine?: EngineName;
}

const IDENTITY = 'relay/identity.ts';
const ROOM = 'relay/room.ts';
const EDGE = 'relay/edge.ts';
const CREDENTIALS = 'relay/http/credentials.ts';
const PARTYKIT = 'relay/hosts/partykit.ts';
const SESSION = 'relay/session.ts';
const CHANNEL = 'relay/channel.ts';
const AMENDMENT = 'relay/amendment.ts';
const PRESENCE = 'relay/presence.ts';
const TYPES = 'relay/protocol/types.ts';
const ORIGINS = 'relay/http/origins.ts';
const ROUTES = 'relay/http/routes.ts';
const HISTORY = 'relay/http/history.ts';
const STREAMS = 'relay/http/streams.ts';
const CONTROL = 'relay/http/control.ts';

const one = (what: string, file: string, text: string, instead: string): Check => ({
	what,
	edits: [{ file, text, instead }],
});

/** Signs a token again before it is verified: whoever signed it, it holds. */
const AGAIN = `await (async () => {
	const { decodeJwt, SignJWT } = await import('jose');
	return new SignJWT(decodeJwt(token)).setProtectedHeader(decodeProtectedHeader(token) as { alg: string }).sign(secret);
})()`;

export const CHECKS: Check[] = [
	// The token.
	one('the signature by a secret', IDENTITY, '(await jwtVerify(token, secret,', `(await jwtVerify(${AGAIN}, secret,`),
	{
		what: 'the signature by a key',
		edits: [
			{
				file: IDENTITY,
				text: '(await jwtVerify(token, this.#keys, { ...options, algorithms: KEY_ALGORITHMS })).payload',
				instead: "(await import('jose')).decodeJwt(token)",
			},
		],
	},
	{
		what: 'the algorithms of a secret, where there are no keys',
		edits: [{ file: IDENTITY, text: '{ ...options, algorithms: [SECRET_ALGORITHM] }', instead: 'options' }],
		vars: { LIVE_FEED_KEYS: '' },
	},
	one('the algorithms of a key', IDENTITY, '{ ...options, algorithms: KEY_ALGORITHMS }', 'options'),
	one('the length', IDENTITY, 'if (token.length > MAX_TOKEN_CHARS)', 'if (false)'),
	one('that there is an end', IDENTITY, "requiredClaims: ['exp', 'sub']", "requiredClaims: ['sub']"),
	one('the beginning', IDENTITY, 'clockTolerance: EARLY_S', 'clockTolerance: 1e9'),
	one('the issuer', IDENTITY, '...(issuer ? { issuer } : {}),', ''),
	one('the audience', IDENTITY, '...(audience ? { audience } : {}),', ''),
	one('the subject', IDENTITY, "!isWord(sub, MAX_ACTOR_ID_CHARS) || sub === ''", "typeof sub !== 'string'"),
	one('the name', IDENTITY, 'name !== undefined && !isWord(name, MAX_ACTOR_NAME_CHARS)', "typeof name === 'symbol'"),
	one(
		'the form of channels',
		IDENTITY,
		'!Array.isArray(channels) || !channels.every(isChannelPattern)',
		'!Array.isArray(channels)',
	),
	one(
		'the form of rights',
		IDENTITY,
		"!Array.isArray(can) || !can.every((one) => typeof one === 'string')",
		'!Array.isArray(can)',
	),
	one(
		'the form of the header',
		CREDENTIALS,
		"throw new FeedError('token-invalid', 'The token comes as `Authorization: Bearer …` (RFC 6750).');",
		'return undefined;',
	),
	// What it allows, and where.
	one('the channel of rights', IDENTITY, '(isHere ? toRights(claims.can) : 0)', 'toRights(claims.can)'),
	one('that a name is the whole name', TYPES, ': pattern === channel;', ': channel.startsWith(pattern);'),
	one('what a beginning begins', TYPES, 'channel.startsWith(pattern.slice(0, -1))', 'true'),
	one(
		'that a star is at the end',
		TYPES,
		"isName(value.endsWith('*') ? value.slice(0, -1) : value)",
		"isName(value.replace('*', ''))",
	),
	one('which channels are public', IDENTITY, "isPublic ? toRights(['read']) : 0", "toRights(['read'])"),
	one(
		'that what is public is only read',
		IDENTITY,
		"isPublic ? toRights(['read']) : 0",
		'isPublic ? toRights(CAPABILITIES) : 0',
	),
	one(
		'that nobody has no rights',
		IDENTITY,
		"return withAuthor({ subject: '', rights, address }, author);",
		'return withAuthor({ ...ANYBODY, address }, author);',
	),
	one('whether the relay is open', IDENTITY, 'if (this.#settings.isOpen) return', 'if (token === undefined) return'),
	one(
		'that rights are rights that there are',
		IDENTITY,
		'(capabilities.includes(one) ? bits | (1 << index) : bits)',
		'(capabilities.length > 0 ? bits | (1 << index) : bits)',
	),
	one('rights', IDENTITY, 'if (can(who, ...capabilities)) return undefined;', 'return undefined;'),
	one(
		'the end, at each request and draft',
		IDENTITY,
		"if (hasExpired(who, now)) return createError('token-expired');",
		'',
	),
	// Over HTTP.
	one('reading by a request', ROOM, 'check();\n', ''),
	one('publishing by a request, before it is read', ROOM, 'refuse(deny(who, clock(), ...WRITING));', ''),
	one('changing by a request, before it is read', ROOM, 'refuse(deny(who, clock(), ...CHANGING));', ''),
	one('the end, when a wait is over', HISTORY, 'host.check();', ''),
	one('the end, at each frame of a stream', STREAMS, 'if (isOver()) end();', 'if (false) end();'),
	{
		...one(
			'that rooms have no address',
			PARTYKIT,
			'static onBeforeRequest(): Response {',
			'static onBeforeRequest(request: Response): Response {\n\t\tif (request) return request;',
		),
		engine: 'partykit',
	},
	{
		...one(
			'that rooms have no socket',
			PARTYKIT,
			'static onBeforeConnect(): Response {',
			'static onBeforeConnect(request: Response): Response {\n\t\tif (request) return request;',
		),
		engine: 'partykit',
	},
	one('who may stop the relay', CONTROL, '!secret || !given || !(await isSame(given, secret))', 'false'),
	one('the name of a channel', ROUTES, 'parseChannel(decodeName(name))', 'decodeName(name)'),
	one(
		'the methods of a channel',
		ROUTES,
		"if (!methods.split(', ').includes(request.method)) return answerMethod(methods);",
		'',
	),
	// On a socket.
	one('who is let in by a hello', SESSION, 'if (denied) throw denied;', ''),
	one('reading by a hello', SESSION, "if (!can(this.#who, 'read')) {", 'if (false) {'),
	one(
		'the end, at each message',
		SESSION,
		"if (hasExpired(this.#who, this.#options.clock())) throw createError('token-expired');",
		'',
	),
	one('the end, at each frame', SESSION, '!isLast && hasExpired(this.#who, now)', 'false'),
	one('that a hello comes first', SESSION, "message.type === 'publish' && !this.#saidHello", 'false'),
	one('the page of a socket', SESSION, 'if (this.#options.refusal) throw this.#options.refusal;', ''),
	// A draft, by whichever way it came.
	one(
		'publishing',
		CHANNEL,
		"return draft.replyTo === undefined ? deny(who, now, 'publish') : deny(who, now, 'comment', 'publish');",
		'return undefined;',
	),
	one('what is a comment', CHANNEL, "? deny(who, now, 'publish') :", "? deny(who, now, 'comment', 'publish') :"),
	one('that a comment takes a right', CHANNEL, "deny(who, now, 'comment', 'publish');", 'undefined;'),
	one('who an event is of', CHANNEL, '...rest, id: subject,', 'id: subject, ...rest,'),
	one('that who is not proven is marked', CHANNEL, '{ ...actor, verified: false }', '{ ...actor, verified: true }'),
	// A change, by whichever way it came.
	one(
		'that a change takes a right, before its event is looked for',
		CHANNEL,
		'deny(who, now, ...CHANGING)',
		'undefined',
	),
	one(
		'that an event is of this channel, to change it',
		CHANNEL,
		'target?.epoch === this.#log.epoch ? target',
		'target ? target',
	),
	one(
		'that an event is of this channel, to read it',
		CHANNEL,
		'const isHere = epoch === this.epoch;',
		'const isHere = true;',
	),
	one(
		'who a change is of',
		CHANNEL,
		'= prove(who, draft.actor);',
		'= { actor: draft.actor as Actor, author: who.author };',
	),
	one(
		'that the log tells of what is done to another’s',
		CHANNEL,
		'!isOwn(event, who) && draft.reaction',
		'false && draft.reaction',
	),
	one(
		'that reactions are not told of',
		CHANNEL,
		'!isOwn(event, who) && draft.reaction === undefined',
		'!isOwn(event, who)',
	),
	one('whose an event is, by a token', AMENDMENT, 'return actor.id === who.subject;', "return who.subject !== '';"),
	one('whose an event is, by a key', AMENDMENT, 'author !== undefined && author === who.author;', 'true;'),
	one('that an event without a key is nobody’s', AMENDMENT, 'author !== undefined && author ===', 'author ==='),
	one(
		'that a name that is not proven makes nobody an author',
		AMENDMENT,
		'if (actor?.verified) return',
		'if (actor) return',
	),
	one('whose a reaction is', AMENDMENT, "return subject ? `s${subject}` : author ? `a${author}` : '';", "return '';"),
	one('whose a reaction is, by a key', AMENDMENT, 'author ? `a${author}` :', ''),
	one('that changing takes a right', AMENDMENT, 'if (denied) throw denied;', ''),
	one('that reacting takes a right', AMENDMENT, "return deny(who, now, 'react');", 'return undefined;'),
	one('that pinning takes a right', AMENDMENT, "return deny(who, now, 'moderate');", 'return undefined;'),
	one(
		'that changing in some way takes the right to just that',
		AMENDMENT,
		'const denied = deny(who, now, ofOwn, ofAny);',
		'const denied = undefined;',
	),
	one('whose the event is', AMENDMENT, 'can(who, ofAny) || own)', 'true)'),
	one('which right a status of one’s own takes', AMENDMENT, "['status:own', 'status:any']", "['react', 'status:any']"),
	one(
		'which right a status of another’s takes',
		AMENDMENT,
		"['status:own', 'status:any']",
		"['status:own', 'status:own']",
	),
	one('which right removing one’s own takes', AMENDMENT, "['remove:own', 'moderate']", "['react', 'moderate']"),
	one('which right removing another’s takes', AMENDMENT, "['remove:own', 'moderate']", "['remove:own', 'remove:own']"),
	one('which right editing one’s own takes', AMENDMENT, "['edit:own', 'moderate']", "['react', 'moderate']"),
	one('which right editing another’s takes', AMENDMENT, "['edit:own', 'moderate']", "['edit:own', 'edit:own']"),
	one('to whom the present event is shown', AMENDMENT, "if (can(who, 'read')) error.event", 'error.event'),
	one('that what has changed meanwhile is not changed', AMENDMENT, 'draft.ifMatch !== version', 'false'),
	// Who is here.
	one('to whom it is told who is here, by a request', ROOM, "refuse(deny(who, clock(), 'presence'));", ''),
	one('who is counted and told who is here', PRESENCE, "!can(who, 'presence')", 'false'),
	{
		what: 'by which name somebody is here',
		edits: [
			{ file: PRESENCE, text: 'const name = who.subject ? undefined : wish.name;', instead: 'const { name } = wish;' },
			{ file: PRESENCE, text: 'const name = subject ? proven : said;', instead: 'const name = said ?? proven;' },
		],
	},
	one('whether who is here is proven', PRESENCE, "verified: subject !== '',", 'verified: true,'),
	// Figures, and the channel as a whole.
	one(
		'to whom figures of a channel are told',
		ROOM,
		"refuse(deny(who, clock(), 'metrics'));\n\t\t\t\treturn resource === METRICS",
		'return resource === METRICS',
	),
	one('to whom figures of the relay are told', EDGE, 'if (denied) throw denied;', ''),
	one(
		'that a token for the relay’s figures is for all channels',
		EDGE,
		'readToken(headers), ALL_CHANNELS',
		"readToken(headers), 'team-all'",
	),
	one('to whom it is told what there is of a channel', ROOM, "refuse(deny(who, clock(), 'read', 'metrics'));", ''),
	one('who may empty a channel', ROOM, "refuse(deny(who, clock(), 'moderate'));", ''),
	// Pages and names.
	one(
		'the page',
		ORIGINS,
		"throw refuse(`This relay does not serve pages of ${show(origin)}`, 'that');",
		'return origin;',
	),
	one('the page, to an open relay', ORIGINS, 'isOpen ? isLoopback(origin) :', 'isOpen ? true :'),
	one('that a page is listed', ORIGINS, '!origins || isOwn', 'true'),
	one(
		'by which name an open relay is called',
		ORIGINS,
		'if (isOpen && !isSafeHost(host)',
		'if (false && !isSafeHost(host)',
	),
	one(
		'which page may read the answer',
		'relay/http/answers.ts',
		"if (origin !== undefined) shared.headers.set('access-control-allow-origin', origin);",
		"shared.headers.set('access-control-allow-origin', '*');",
	),
];
