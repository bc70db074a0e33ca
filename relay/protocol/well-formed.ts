// Text that is Unicode: what takes the place of lone surrogates, which no UTF-8 and hardly any JSON parser can hold.
// Knows JSON as text; never knows what the text is about.

/** What `JSON.stringify` writes a lone surrogate as, or another escape, `\\` among them. */
const ESCAPE = /\\(ud[89a-f]..|.)/g;

/**
 * Returns JSON of `JSON.stringify` in which each lone surrogate, in values and keys, is U+FFFD, written as `\ufffd`. The
 * length stays.
 */
export function mendJson(json: string): string {
	// Hardly any text has one: looking for it costs next to nothing.
	if (!json.includes('\\ud')) return json;
	return json.replace(ESCAPE, (one) => (one[2] ? '\\ufffd' : one));
}
