// Who may see figures and empty a channel: every cell of it with the answer that it is to get, written out by hand.
// Knows names and codes; never knows how they are asked, and nothing of the relay's own rules.

/**
 * Requests for a channel's figures in two forms, for what there is of it, and one that empties a channel of the caller's own. `ok`: he is
 * shown them, and by the last one it is empty; `-`: not to be asked there. Of the channel `*` they are those of the whole relay.
 */
export const FIGURES_TABLE = `
who             channel      metrics figures about empty
anonymous       team-figures nt      nt      nt    nt
nothing         team-figures fb      fb      fb    fb
pretender       team-figures fb      fb      fb    fb
reader          team-figures fb      fb      ok    fb
publisher       team-figures fb      fb      fb    fb
commenter       team-figures fb      fb      fb    fb
reacter         team-figures fb      fb      fb    fb
status-any      team-figures fb      fb      fb    fb
edit-own        team-figures fb      fb      fb    fb
remove-own      team-figures fb      fb      fb    fb
present         team-figures fb      fb      fb    fb
visitor         team-figures fb      fb      ok    fb
member          team-figures fb      fb      ok    fb
measurer        team-figures ok      ok      ok    fb
moderator       team-figures fb      fb      fb    ok
keeper          team-figures fb      fb      ok    ok
everything      team-figures ok      ok      ok    ok
of-all          team-figures fb      fb      ok    fb
measurer-of-all team-figures ok      ok      ok    fb

anonymous       public-figures nt    nt      ok    nt
reader          public-figures fb    fb      ok    fb
everything      public-figures fb    fb      ok    fb
anonymous       other-figures  nt    nt      nt    nt
measurer        other-figures  fb    fb      fb    fb
everything      other-figures  fb    fb      fb    fb
measurer-of-all other-figures  ok    ok      ok    fb

anonymous       *            nt      nt      -     -
nothing         *            fb      fb      -     -
measurer        *            fb      fb      -     -
everything      *            fb      fb      -     -
of-all          *            fb      fb      -     -
measurer-of-all *            ok      ok      -     -
none-at-all     *            iv      iv      -     -
other-secret    *            iv      iv      -     -
expired         *            ex      ex      -     -
all-just-over   *            ex      ex      -     -
in-address      *            nt      nt      -     -
in-cookie       *            nt      nt      -     -
page-foreign    *            or      or      -     -

none-at-all     team-figures iv      iv      iv    iv
other-secret    team-figures iv      iv      iv    iv
no-algorithm    team-figures iv      iv      iv    iv
tampered        team-figures iv      iv      iv    iv
expired         team-figures ex      ex      ex    ex
all-just-over   team-figures ex      ex      ex    ex
in-address      team-figures nt      nt      nt    nt
in-cookie       team-figures nt      nt      nt    nt
page-foreign    team-figures or      or      or    or
page-null       team-figures or      or      or    or
`;

/** Against a relay that is open. */
export const OPEN_FIGURES_TABLE = `
who              channel metrics figures about empty
by-key           figures ok      ok      ok    ok
without-key      figures ok      ok      ok    ok
without-key      *       ok      ok      -     -
page-listed      figures ok      ok      ok    ok
called-otherwise figures or      or      or    or
page-foreign     figures or      or      or    or
page-foreign     *       or      or      -     -
page-null        figures or      or      or    or
`;
