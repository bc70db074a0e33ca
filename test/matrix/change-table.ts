// Who may change what of whose events: every cell of it with the answer that it is to get, written out by hand.
// Knows names and codes; never knows how they are asked, and nothing of the relay's own rules.

/**
 * Against a relay that asks for tokens, by four ways: publishes on a socket, requests to the event, drafts in a POST, and all of a row in
 * one POST. Each cell has an event of its own: of whoever asks, and with a star somebody else's.
 *
 * `ok`: it is changed. `mo`: it is, and the relay's log tells of it, since it is somebody else's. `cm`: it has changed meanwhile, and is
 * shown; `cb`: it is not shown. The others are `CODES`: nothing is changed.
 *
 * A hello (`bl` is shown nothing); another text, a status, a reaction, one taken back, a pin, one taken off, removal; the same of somebody
 * else's; a status of one that has changed meanwhile, a status of an event of another channel, a body that is no JSON.
 */
export const CHANGE_TABLE = `
who            channel     via   hello edit status react back pin unpin remove edit* status* react* back* pin* unpin* remove* stale* astray junk
anonymous      team-work   ws    nt    nt   nt     nt    nt   nt  nt    nt     nt    nt      nt     nt    nt   nt     nt      nt     nt     -
anonymous      team-work   http  -     nt   nt     nt    nt   nt  nt    nt     nt    nt      nt     nt    nt   nt     nt      nt     nt     nt
anonymous      team-work   post  -     nt   nt     nt    nt   nt  nt    nt     nt    nt      nt     nt    nt   nt     nt      nt     nt     -
anonymous      team-work   batch -     nt   nt     nt    nt   nt  nt    nt     nt    nt      nt     nt    nt   nt     nt      nt     nt     -
nothing        team-work   ws    fb    fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
nothing        team-work   http  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     fb
nothing        team-work   post  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
nothing        team-work   batch -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
pretender      team-work   ws    fb    fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
pretender      team-work   http  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     fb
pretender      team-work   post  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
pretender      team-work   batch -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
reader         team-work   ws    ok    fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
reader         team-work   http  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     fb
reader         team-work   post  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
reader         team-work   batch -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
publisher      team-work   ws    bl    fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
publisher      team-work   http  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     fb
publisher      team-work   post  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
publisher      team-work   batch -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
commenter      team-work   ws    bl    fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
commenter      team-work   http  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     fb
commenter      team-work   post  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
commenter      team-work   batch -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
present        team-work   ws    fb    fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
present        team-work   http  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     fb
present        team-work   post  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
present        team-work   batch -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     -
measurer       team-work   http  -     fb   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     fb     fb
reacter        team-work   ws    bl    fb   fb     ok    ok   fb  fb    fb     fb    fb      ok     ok    fb   fb     fb      fb     un     -
reacter        team-work   http  -     fb   fb     ok    ok   fb  fb    fb     fb    fb      ok     ok    fb   fb     fb      fb     un     js
reacter        team-work   post  -     fb   fb     ok    ok   fb  fb    fb     fb    fb      ok     ok    fb   fb     fb      fb     un     -
reacter        team-work   batch -     fb   fb     ok    ok   fb  fb    fb     fb    fb      ok     ok    fb   fb     fb      fb     un     -
status-own     team-work   ws    bl    fb   ok     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     -
status-own     team-work   http  -     fb   ok     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     js
status-own     team-work   post  -     fb   ok     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     -
status-own     team-work   batch -     fb   ok     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     -
status-any     team-work   ws    bl    fb   ok     fb    fb   fb  fb    fb     fb    mo      fb     fb    fb   fb     fb      cb     un     -
status-any     team-work   http  -     fb   ok     fb    fb   fb  fb    fb     fb    mo      fb     fb    fb   fb     fb      cb     un     js
status-any     team-work   post  -     fb   ok     fb    fb   fb  fb    fb     fb    mo      fb     fb    fb   fb     fb      cb     un     -
status-any     team-work   batch -     fb   ok     fb    fb   fb  fb    fb     fb    mo      fb     fb    fb   fb     fb      cb     un     -
edit-own       team-work   ws    bl    ok   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     -
edit-own       team-work   http  -     ok   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     js
edit-own       team-work   post  -     ok   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     -
edit-own       team-work   batch -     ok   fb     fb    fb   fb  fb    fb     fb    fb      fb     fb    fb   fb     fb      fb     un     -
remove-own     team-work   ws    bl    fb   fb     fb    fb   fb  fb    ok     fb    fb      fb     fb    fb   fb     fb      fb     un     -
remove-own     team-work   http  -     fb   fb     fb    fb   fb  fb    ok     fb    fb      fb     fb    fb   fb     fb      fb     un     js
remove-own     team-work   post  -     fb   fb     fb    fb   fb  fb    ok     fb    fb      fb     fb    fb   fb     fb      fb     un     -
remove-own     team-work   batch -     fb   fb     fb    fb   fb  fb    ok     fb    fb      fb     fb    fb   fb     fb      fb     un     -
moderator      team-work   ws    bl    ok   fb     fb    fb   ok  ok    ok     mo    fb      fb     fb    mo   mo     mo      fb     un     -
moderator      team-work   http  -     ok   fb     fb    fb   ok  ok    ok     mo    fb      fb     fb    mo   mo     mo      fb     un     js
moderator      team-work   post  -     ok   fb     fb    fb   ok  ok    ok     mo    fb      fb     fb    mo   mo     mo      fb     un     -
moderator      team-work   batch -     ok   fb     fb    fb   ok  ok    ok     mo    fb      fb     fb    mo   mo     mo      fb     un     -
member         team-work   ws    ok    ok   ok     ok    ok   fb  fb    ok     fb    fb      ok     ok    fb   fb     fb      fb     un     -
member         team-work   http  -     ok   ok     ok    ok   fb  fb    ok     fb    fb      ok     ok    fb   fb     fb      fb     un     js
member         team-work   post  -     ok   ok     ok    ok   fb  fb    ok     fb    fb      ok     ok    fb   fb     fb      fb     un     -
member         team-work   batch -     ok   ok     ok    ok   fb  fb    ok     fb    fb      ok     ok    fb   fb     fb      fb     un     -
keeper         team-work   ws    ok    ok   ok     fb    fb   ok  ok    ok     mo    mo      fb     fb    mo   mo     mo      cm     un     -
keeper         team-work   http  -     ok   ok     fb    fb   ok  ok    ok     mo    mo      fb     fb    mo   mo     mo      cm     un     js
keeper         team-work   post  -     ok   ok     fb    fb   ok  ok    ok     mo    mo      fb     fb    mo   mo     mo      cm     un     -
keeper         team-work   batch -     ok   ok     fb    fb   ok  ok    ok     mo    mo      fb     fb    mo   mo     mo      cm     un     -
everything     team-work   ws    ok    ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     -
everything     team-work   http  -     ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     js
everything     team-work   post  -     ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     -
everything     team-work   batch -     ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     -

anonymous      other-work  ws    nt    nt   nt     nt    -    nt  -     nt     nt    nt      nt     -     nt   -      nt      nt     nt     -
anonymous      other-work  http  -     nt   nt     nt    -    nt  -     nt     nt    nt      nt     -     nt   -      nt      nt     nt     nt
status-own     other-work  ws    fb    fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -
status-own     other-work  http  -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     fb
moderator      other-work  ws    fb    fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -
moderator      other-work  http  -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     fb
everything     other-work  ws    fb    fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -
everything     other-work  http  -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     fb
everything     other-work  post  -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -
everything     other-work  batch -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -

anonymous      public-work ws    ok    nt   nt     nt    -    nt  -     nt     nt    nt      nt     -     nt   -      nt      nt     nt     -
anonymous      public-work http  -     nt   nt     nt    -    nt  -     nt     nt    nt      nt     -     nt   -      nt      nt     nt     nt
anonymous      public-work post  -     nt   nt     nt    -    nt  -     nt     nt    nt      nt     -     nt   -      nt      nt     nt     -
anonymous      public-work batch -     nt   nt     nt    -    nt  -     nt     nt    nt      nt     -     nt   -      nt      nt     nt     -
everything     public-work ws    ok    fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -
everything     public-work http  -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     fb
everything     public-work post  -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -
everything     public-work batch -     fb   fb     fb    -    fb  -     fb     fb    fb      fb     -     fb   -      fb      fb     fb     -

all-of-es256   team-work   ws    ok    ok   ok     ok    -    ok  -     ok     mo    mo      ok     -     mo   -      mo      cm     un     -
all-of-es256   team-work   http  -     ok   ok     ok    -    ok  -     ok     mo    mo      ok     -     mo   -      mo      cm     un     js
all-by-second  team-work   ws    ok    ok   ok     ok    -    ok  -     ok     mo    mo      ok     -     mo   -      mo      cm     un     -
all-by-second  team-work   http  -     ok   ok     ok    -    ok  -     ok     mo    mo      ok     -     mo   -      mo      cm     un     js
none-at-all    team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
other-secret   team-work   ws    iv    iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     -
other-secret   team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
other-key      team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
no-algorithm   team-work   ws    iv    iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     -
no-algorithm   team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
no-signature   team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
tampered       team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
hs512          team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
not-yet        team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
other-issuer   team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
other-audience team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
no-end         team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
too-long       team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
two-tokens     team-work   http  -     iv   iv     iv    -    iv  -     iv     -     -       -      -     -    -      -       -      iv     iv
expired        team-work   ws    ex    ex   ex     ex    -    ex  -     ex     -     -       -      -     -    -      -       -      ex     -
expired        team-work   http  -     ex   ex     ex    -    ex  -     ex     -     -       -      -     -    -      -       -      ex     ex
all-just-over  team-work   ws    ex    ex   ex     ex    -    ex  -     ex     -     -       -      -     -    -      -       -      ex     -
all-just-over  team-work   http  -     ex   ex     ex    -    ex  -     ex     -     -       -      -     -    -      -       -      ex     ex
all-just-over  team-work   post  -     ex   ex     ex    -    ex  -     ex     -     -       -      -     -    -      -       -      ex     -
all-just-over  team-work   batch -     ex   ex     ex    -    ex  -     ex     -     -       -      -     -    -      -       -      ex     -
in-address     team-work   http  -     nt   nt     nt    -    nt  -     nt     -     -       -      -     -    -      -       -      nt     nt
in-cookie      team-work   http  -     nt   nt     nt    -    nt  -     nt     -     -       -      -     -    -      -       -      nt     nt
page-of-all    team-work   ws    ok    ok   ok     ok    -    ok  -     ok     mo    mo      ok     -     mo   -      mo      cm     un     -
page-of-all    team-work   http  -     ok   ok     ok    -    ok  -     ok     mo    mo      ok     -     mo   -      mo      cm     un     js
page-foreign   team-work   ws    or    or   or     or    -    or  -     or     -     -       -      -     -    -      -       -      or     -
page-foreign   team-work   http  -     or   or     or    -    or  -     or     -     -       -      -     -    -      -       -      or     or
page-foreign   team-work   post  -     or   or     or    -    or  -     or     -     -       -      -     -    -      -       -      or     -
page-null      team-work   http  -     or   or     or    -    or  -     or     -     -       -      -     -    -      -       -      or     or
`;

/** Against a relay that is open: whoever shows a key has events of his own, and may change others' all the same. */
export const OPEN_CHANGE_TABLE = `
who              channel  via   hello edit status react back pin unpin remove edit* status* react* back* pin* unpin* remove* stale* astray junk
by-key           open     ws    ok    ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     -
by-key           open     http  -     ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     js
by-key           open     post  -     ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     -
by-key           open     batch -     ok   ok     ok    ok   ok  ok    ok     mo    mo      ok     ok    mo   mo     mo      cm     un     -
without-key      open     ws    ok    mo   mo     ok    ok   mo  mo    mo     mo    mo      ok     ok    mo   mo     mo      cm     un     -
without-key      open     http  -     mo   mo     ok    ok   mo  mo    mo     mo    mo      ok     ok    mo   mo     mo      cm     un     js
without-key      open     post  -     mo   mo     ok    ok   mo  mo    mo     mo    mo      ok     ok    mo   mo     mo      cm     un     -
without-key      open     batch -     mo   mo     ok    ok   mo  mo    mo     mo    mo      ok     ok    mo   mo     mo      cm     un     -
page-listed      open     ws    ok    mo   mo     ok    -    mo  -     mo     mo    mo      ok     -     mo   -      mo      cm     un     -
page-listed      open     http  -     mo   mo     ok    -    mo  -     mo     mo    mo      ok     -     mo   -      mo      cm     un     js
called-otherwise open     ws    or    or   or     or    -    or  -     or     or    or      or     -     or   -      or      or     or     -
called-otherwise open     http  -     or   or     or    -    or  -     or     or    or      or     -     or   -      or      or     or     or
page-foreign     open     ws    or    or   or     or    -    or  -     or     or    or      or     -     or   -      or      or     or     -
page-foreign     open     http  -     or   or     or    -    or  -     or     or    or      or     -     or   -      or      or     or     or
page-foreign     open     post  -     or   or     or    -    or  -     or     or    or      or     -     or   -      or      or     or     -
page-foreign     open     batch -     or   or     or    -    or  -     or     or    or      or     -     or   -      or      or     or     -
`;
