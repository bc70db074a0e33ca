// Who may do what: every cell of the authorisation matrix with the answer that it is to get, written out by hand.
// Knows names and codes; never knows how they are asked, and nothing of the relay's own rules.

/** What a code of the tables stands for: an error's code, its HTTP status, and the close code of its socket. */
export const CODES: Record<string, { code: string; status: number; close?: number }> = {
	nt: { code: 'token-needed', status: 401, close: 4401 },
	iv: { code: 'token-invalid', status: 401, close: 4401 },
	ex: { code: 'token-expired', status: 401, close: 4401 },
	fb: { code: 'forbidden', status: 403, close: 4403 },
	or: { code: 'origin-refused', status: 403, close: 4403 },
	he: { code: 'hello-expected', status: 400 },
	js: { code: 'invalid-json', status: 400 },
	ch: { code: 'invalid-channel', status: 400 },
	nf: { code: 'not-found', status: 404 },
	ma: { code: 'method-not-allowed', status: 405 },
	un: { code: 'unknown-event', status: 404 },
	cm: { code: 'changed-meanwhile', status: 412 },
	ie: { code: 'invalid-event', status: 400 },
};

/**
 * Against a relay that asks for tokens. `ok`: it is done, and what it does is looked for. `bl`: let in, and shown nothing. `mx`: of two
 * events the comment alone is taken. The others are `CODES`.
 *
 * Over HTTP: a page, one after a position, one that is waited for, server-sent events, the same resumed by Last-Event-ID, NDJSON, text;
 * an event, a comment, both at once, and a body that is no JSON. On a socket: a hello, one with a position, what is published later,
 * an event, a comment, and an event before the hello. Then, over HTTP, one event with its earlier texts and the answers to it, and a
 * hello for events of one status.
 */
export const TABLE = `
who                 channel   page after poll sse last ndj text post reply batch junk hello resume live wpost wreply early one thread status
anonymous           own       nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt
reader              own       ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
publisher           own       fb   fb    fb   fb  fb   fb  fb   ok   ok    ok    js   bl    bl     bl   ok    ok     he    fb  fb     bl
commenter           own       fb   fb    fb   fb  fb   fb  fb   fb   ok    mx    js   bl    bl     bl   fb    ok     he    fb  fb     bl
both                own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
talker              own       ok   ok    ok   ok  ok   ok  ok   fb   ok    mx    js   ok    ok     ok   fb    ok     he    ok  ok     ok
moderator           own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    js   bl    bl     bl   fb    fb     he    fb  fb     bl
everything          own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
nothing             own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
pretender           own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
reacter             own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    js   bl    bl     bl   fb    fb     he    fb  fb     bl
status-own          own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    js   bl    bl     bl   fb    fb     he    fb  fb     bl
status-any          own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    js   bl    bl     bl   fb    fb     he    fb  fb     bl
edit-own            own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    js   bl    bl     bl   fb    fb     he    fb  fb     bl
remove-own          own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    js   bl    bl     bl   fb    fb     he    fb  fb     bl
present             own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
measurer            own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
visitor             own       ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
member              own       ok   ok    ok   ok  ok   ok  ok   fb   ok    mx    js   ok    ok     ok   fb    ok     he    ok  ok     ok
keeper              own       ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    js   ok    ok     ok   fb    fb     he    ok  ok     ok

anonymous           team-7    nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt
reader              team-7    ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
publisher           team-7    fb   fb    fb   fb  fb   fb  fb   ok   ok    ok    js   bl    bl     bl   ok    ok     he    fb  fb     bl
commenter           team-7    fb   fb    fb   fb  fb   fb  fb   fb   ok    mx    js   bl    bl     bl   fb    ok     he    fb  fb     bl
both                team-7    ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
talker              team-7    ok   ok    ok   ok  ok   ok  ok   fb   ok    mx    js   ok    ok     ok   fb    ok     he    ok  ok     ok
moderator           team-7    fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    js   bl    bl     bl   fb    fb     he    fb  fb     bl
everything          team-7    ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
nothing             team-7    fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
pretender           team-7    fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb

anonymous           other     nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt
reader              other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
publisher           other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
commenter           other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
both                other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
talker              other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
moderator           other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
everything          other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
nothing             other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
pretender           other     fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb

anonymous           news      ok   ok    ok   ok  ok   ok  ok   nt   nt    nt    nt   ok    ok     ok   nt    nt     he    ok  ok     ok
reader              news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
publisher           news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
commenter           news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
both                news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
talker              news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
moderator           news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
everything          news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
nothing             news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
pretender           news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok

anonymous           public-7  ok   ok    ok   ok  ok   ok  ok   nt   nt    nt    nt   ok    ok     ok   nt    nt     he    ok  ok     ok
reader              public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
publisher           public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
commenter           public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
both                public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
talker              public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
moderator           public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
everything          public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
nothing             public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
pretender           public-7  ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok

both                own2      fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
both                ow        fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
both                OWN       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
both                team      fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
both                Team-7    fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
anonymous           new       nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt
anonymous           news2     nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt
anonymous           public    nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt
of-all              own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
of-all              news      ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
of-news             news      ok   ok    ok   ok  ok   ok  ok   fb   fb    fb    fb   ok    ok     ok   fb    fb     he    ok  ok     ok
of-news             own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
of-none             own       fb   fb    fb   fb  fb   fb  fb   fb   fb    fb    fb   fb    fb     fb   fb    fb     he    fb  fb     fb
writer-of-news      news      ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok

second-secret       own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
es256               own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
rs256               own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
ps256               own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
eddsa               own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
audiences           own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
soon                own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
longest             own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
small-bearer        own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok

none-at-all         own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
three-nothings      own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
other-secret        own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
other-key           own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-algorithm        own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
algorithm-NONE      own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-signature        own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
tampered            own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
hs512               own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
public-jwk-as-key   own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
public-pem-as-key   own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
es256-by-secret     own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
rs512               own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
own-key-in-header   own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
critical            own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
not-yet             own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
other-issuer        own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-issuer           own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
other-audience      own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-audience         own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-end              own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
end-as-text         own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-subject          own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
empty-subject       own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
long-subject        own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
number-subject      own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
broken-subject      own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
long-name           own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
number-name         own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
broken-name         own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-channels         own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
text-channels       own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
bad-channels        own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
inner-star          own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-rights           own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
text-rights         own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
number-rights       own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
too-long            own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
expired             own       ex   ex    ex   ex  ex   ex  ex   ex   ex    ex    ex   ex    ex     ex   ex    ex     he    ex  ex     ex
just-expired        own       ex   ex    ex   ex  ex   ex  ex   ex   ex    ex    ex   ex    ex     ex   ex    ex     he    ex  ex     ex

other-secret        news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-algorithm        news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
hs512               news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
not-yet             news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
other-issuer        news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
no-audience         news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
too-long            news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
expired             news      ex   ex    ex   ex  ex   ex  ex   ex   ex    ex    ex   ex    ex     ex   ex    ex     he    ex  ex     ex
just-expired        news      ex   ex    ex   ex  ex   ex  ex   ex   ex    ex    ex   ex    ex     ex   ex    ex     he    ex  ex     ex

basic               own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   nt    nt     nt   nt    nt     he    iv  iv     nt
basic               news      iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   ok    ok     ok   nt    nt     he    iv  iv     ok
two-tokens          own       iv   iv    iv   iv  iv   iv  iv   iv   iv    iv    iv   iv    iv     iv   iv    iv     he    iv  iv     iv
header-of-socket    own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   nt    nt     nt   nt    nt     he    ok  ok     nt
in-address          own       nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt
in-cookie           own       nt   nt    nt   nt  nt   nt  nt   nt   nt    nt    nt   nt    nt     nt   nt    nt     he    nt  nt     nt

page-listed         own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
page-own            own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
page-foreign        own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-null           own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-http           own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-longer         own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-loopback       own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-foreign-anon   news      or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
`;

/** Against a relay that is open: nobody has a token, and what counts is the name by which it is called and the page that asks. */
export const OPEN_TABLE = `
who                 channel   page after poll sse last ndj text post reply batch junk hello resume live wpost wreply early one thread status
called-localhost    own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
called-by-address   own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
called-as-listed    own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
called-otherwise    own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-listed         own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
page-loopback       own       ok   ok    ok   ok  ok   ok  ok   ok   ok    ok    js   ok    ok     ok   ok    ok     he    ok  ok     ok
page-foreign        own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-null           own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
page-longer         own       or   or    or   or  or   or  or   or   or    or    or   or    or     or   or    or     or    or  or     or
`;

/**
 * Of a connection that was opened with a good token, what it gets later on: once the token is over (`ending`), or after another hello.
 * In flight: an event, a pin and a reaction that are sent right before the other hello. `-`: there is no such thing. `mo`: done to another's event, as in the table of changes. `end`: the stream ends, with nothing of what was published meanwhile.
 */
export const LATER_TABLE = `
who          channel       live wpost wreply wpin ping late sse ndj text poll slow slowpin flight fpin freact
ending       team-later    ex   ex    ex     ex   ex   ex   end end end  ex   ex   ex      -      -    -
ending       public-later  ex   ex    ex     ex   ex   ex   end end end  ex   ex   ex      -      -    -
renewed      team-later    ok   ok    ok     fb   ok   -    -   -   -    -    -    -       ok     fb   fb
bare         team-later    ok   ok    ok     fb   ok   -    -   -   -    -    -    -       ok     fb   fb
narrowed     team-later    ok   fb    fb     fb   ok   -    -   -   -    -    -    -       ok     fb   fb
blinded      team-later    bl   ok    ok     fb   ok   -    -   -   -    -    -    -       ok     fb   fb
widened      team-later    ok   ok    ok     fb   ok   -    -   -   -    -    -    -       fb     fb   fb
promoted     team-later    ok   fb    fb     mo   ok   -    -   -   -    -    -    -       ok     fb   fb
deposed      team-later    ok   ok    ok     fb   ok   -    -   -   -    -    -    -       fb     mo   fb
exchanged    team-later    ok   ok    ok     mo   ok   -    -   -   -    -    -    -       ok     fb   fb
demoted      team-later    ok   fb    fb     fb   ok   -    -   -   -    -    -    -       ok     mo   ok
moved        team-later    fb   fb    fb     fb   fb   -    -   -   -    -    -    -       -      -    -
broken       team-later    iv   iv    iv     iv   iv   -    -   -   -    -    -    -       -      -    -
outdated     team-later    ex   ex    ex     ex   ex   -    -   -   -    -    -    -       -      -    -
`;

/** Other ways in: a method, an address, who asks, and the answer: a code, or the status of what is no error. */
export const DOORS = `
GET     /channels/%6Fwn/events               reader     200
GET     /channels/%6Fwn/events               anonymous  nt
GET     /channels/%6Fther/events             reader     fb
POST    /channels/%6Fther/events             both       fb
GET     /channels/own%2F..%2Fnews/events     anonymous  ch
GET     /channels/news%00/events             anonymous  ch
GET     /channels/news%20/events             anonymous  ch
GET     /channels/news/../own/events         anonymous  nt
GET     /channels/news/events/../../own/events  anonymous  nt
HEAD    /channels/own/events                 anonymous  401
HEAD    /channels/own/events                 publisher  403
HEAD    /channels/own/events                 reader     200
OPTIONS /channels/own/events                 anonymous  204
PUT     /channels/own/events                 both       ma
DELETE  /channels/own/events                 everything ma
PATCH   /channels/own/events                 everything ma
POST    /channels/own/presence               everything ma
DELETE  /channels/own/presence               everything ma
GET     /channels/own/presence/              everything nf
GET     /channels/own/presence/a:1           everything nf
HEAD    /channels/own/presence               reader     403
SOCKET  /channels/own/presence               anonymous  nt
PUT     /channels/own/events/a:1             everything ma
POST    /channels/own/events/a:1             everything ma
GET     /channels/own/events/a:1/reactions   everything ma
PATCH   /channels/own/events/a:1/reactions   everything ma
GET     /channels/own/events/a:1             reader     un
GET     /channels/own/events/a:1             anonymous  nt
GET     /channels/own/events/a:1             moderator  fb
DELETE  /channels/own/events/a:1             everything un
DELETE  /channels/own/events/a:1             reader     fb
DELETE  /channels/own/events/a:1             anonymous  nt
GET     /channels/own/events/a:1/            everything nf
DELETE  /channels/own/events/a:1/versions    everything nf
OPTIONS /channels/own/events/a:1             anonymous  204
HEAD    /channels/own                        anonymous  401
HEAD    /channels/own                        publisher  403
HEAD    /channels/own                        reader     200
PUT     /channels/own                        everything ma
POST    /channels/own                        everything ma
OPTIONS /channels/own                        anonymous  204
SOCKET  /channels/own                        anonymous  nt
GET     /channels/own/else                   everything nf
POST    /channels/own/metrics                everything ma
DELETE  /channels/own/status                 everything ma
HEAD    /channels/own/metrics                reader     403
HEAD    /channels/own/metrics                measurer   200
GET     /channels/own/metrics/a:1            everything nf
POST    /metrics                             measurer   ma
HEAD    /metrics                             measurer   403
HEAD    /status                              anonymous  401
HEAD    /status                              measurer-of-all 200
GET     /channels/own/events/                everything nf
GET     /channels//events                    everything ch
GET     /parties/main/own                    reader     nf
GET     /parties/main/own/events             reader     nf
GET     /party/own                           reader     nf
POST    /parties/main/own/events             both       nf
POST    /parties/main/own/goaway             anonymous  nf
SOCKET  /parties/main/own                    both       nf
SOCKET  /party/own                           both       nf
POST    /channels/own/goaway                 anonymous  nf
POST    /channels/own/recount                anonymous  nf
POST    /control/goaway                      anonymous  nf
POST    /control/goaway                      everything nf
GET     /control/goaway                      everything nf
GET     /health                              anonymous  200
`;
