// Who may see who is here, and be seen: every cell of it with the answer that it is to get, written out by hand.
// Knows names and codes; never knows how they are asked, and nothing of the relay's own rules.

/**
 * A request for who is here, and a hello that asks to be counted. `ok`: he is shown them, and by a hello is one of them. `wo`: he is
 * welcomed, told of nobody and not counted; `bl`: and shown nothing else either. The others are `CODES`.
 */
export const PRESENCE_TABLE = `
who            channel     here hello
anonymous      team-here   nt   nt
nothing        team-here   fb   fb
pretender      team-here   fb   fb
reader         team-here   fb   wo
publisher      team-here   fb   bl
commenter      team-here   fb   bl
reacter        team-here   fb   bl
status-own     team-here   fb   bl
status-any     team-here   fb   bl
edit-own       team-here   fb   bl
remove-own     team-here   fb   bl
moderator      team-here   fb   bl
measurer       team-here   fb   fb
talker         team-here   fb   wo
member         team-here   fb   wo
keeper         team-here   fb   wo
present        team-here   ok   fb
greeter        team-here   ok   bl
visitor        team-here   ok   ok
everything     team-here   ok   ok

anonymous      other-here  nt   nt
present        other-here  fb   fb
visitor        other-here  fb   fb
everything     other-here  fb   fb
anonymous      public-here nt   wo
reader         public-here fb   wo
present        public-here fb   wo
visitor        public-here fb   wo
everything     public-here fb   wo

none-at-all    team-here   iv   iv
other-secret   team-here   iv   iv
other-key      team-here   iv   iv
no-algorithm   team-here   iv   iv
no-signature   team-here   iv   iv
tampered       team-here   iv   iv
hs512          team-here   iv   iv
not-yet        team-here   iv   iv
other-issuer   team-here   iv   iv
other-audience team-here   iv   iv
no-end         team-here   iv   iv
too-long       team-here   iv   iv
two-tokens     team-here   iv   iv
expired        team-here   ex   ex
all-just-over  team-here   ex   ex
in-address     team-here   nt   nt
in-cookie      team-here   nt   nt
page-foreign   team-here   or   or
page-null      team-here   or   or
`;

/** Against a relay that is open. */
export const OPEN_PRESENCE_TABLE = `
who              channel here hello
by-key           here    ok   ok
without-key      here    ok   ok
page-listed      here    ok   ok
called-otherwise here    or   or
page-foreign     here    or   or
page-null        here    or   or
`;
