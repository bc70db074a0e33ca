// The library's pages, as HTML.
// Knows what a reader sees; never knows sessions, the relay's answers or a token.
const ENTITIES = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text) => String(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);

/** A page of `user`, or of nobody. `script` is the address of the panel's, where the page has one. */
export function page({ title, user, people, script = '', main }) {
	const signIn = Object.entries(people).map(
		([id, { name, role }]) =>
			`<button name="person" value="${escapeHtml(id)}">Sign in as ${escapeHtml(name)}, ${escapeHtml(role)}</button>`,
	);
	const signed = user && `<span>${escapeHtml(user.name)}, ${escapeHtml(user.role)}</span> <button>Sign out</button>`;
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)} · The library</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/demo.css">
<link rel="stylesheet" href="/library.css">
${script && `<script type="module" src="${escapeHtml(script)}"></script>`}
</head>
<body>
<header>
<nav><a href="/">The library</a> <a href="/search">Search</a> <a href="/monitor">Monitor</a></nav>
<form method="post" action="${user ? '/sign-out' : '/sign-in'}">${signed ?? signIn.join('\n')}</form>
</header>
<main>
<h1>${escapeHtml(title)}</h1>
${main}
</main>
<footer>A demonstration of live-feed: whoever presses a button is signed in, and there are no passwords.</footer>
</body>
</html>
`;
}

/** All that there is to read. */
export function shelf(documents) {
	const items = documents.map(
		({ name, lines }) =>
			`<li><a href="/read/${escapeHtml(name)}">${escapeHtml(name)}</a><span>${lines} lines</span></li>`,
	);
	return `<p class="lede">This project’s own documents. Who enters which page, and every query to the database, is told to the monitor.</p>
<section>${searchForm('')}</section>
<section><ul class="links">${items.join('')}</ul></section>`;
}

export function reading(text) {
	return `<section class="code"><pre>${escapeHtml(text)}</pre></section>`;
}

/** What was found, and how long it took. */
export function results(query, found, ms) {
	const items = found.map(
		({ document, number, text }) =>
			`<li><a href="/read/${escapeHtml(document)}">${escapeHtml(document)}, line ${number}</a><span>${escapeHtml(text)}</span></li>`,
	);
	const count =
		query === ''
			? ''
			: `<p class="count" role="status">${found.length} ${found.length === 1 ? 'line' : 'lines'} in ${ms} ms</p>`;
	return `<section>${searchForm(query)}${count}</section>
<section><ul class="links">${items.join('')}</ul></section>`;
}

/** The panel gets its token from `/token`, by itself: nothing of it is in the page. */
export function monitor(relay) {
	return `<p class="lede">Each page that somebody enters, and every query to the database with the time it took. Slow ones are warnings.</p>
<section>
<live-feed channel="monitor" heading="Monitor" density="compact" relay="${escapeHtml(relay)}" token-url="/token" hour-cycle="h23">
<p>The relay has not sent its script yet. Reload the page once it runs.</p>
</live-feed>
</section>
<section>${searchForm('')}</section>`;
}

function searchForm(query) {
	return `<form action="/search" role="search"><input type="search" name="q" aria-label="Words" maxlength="100" value="${escapeHtml(query)}"><button class="button">Search</button></form>
<p class="hint">Whole words are found by an index. For a part of one, such as <a href="/search?q=receip">receip</a>, each line is looked at: that is slow, and a warning.</p>`;
}
