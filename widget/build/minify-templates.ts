// Takes white space and comments that mean nothing out of html`…` and css`…` while building.
// Knows the lexical rules of HTML and CSS; never knows what a template says. Rather leaves a byte too many than changes what is shown.
import { type Plugin, parseAst } from 'vite';

/** Stands for `${…}` while a template is looked at as one text: no source contains it. */
const HOLE = '\uE000';

/** The build plugin. Runs after TypeScript is gone and before names are shortened. */
export function minifyTemplates(): Plugin {
	return {
		name: 'live-feed:minify-templates',
		apply: 'build',
		enforce: 'post',
		transform: {
			filter: { id: /\.ts$/, code: /\b(?:html|svg|css)`/ },
			handler: (code) => ({ code: minifyTemplatesIn(code), map: null }),
		},
	};
}

/** JavaScript in, the same JavaScript with its html, svg and css templates minified out. */
export function minifyTemplatesIn(code: string): string {
	const edits: { start: number; end: number; text: string }[] = [];
	visit(parseAst(code), (node) => {
		if (node.type !== 'TaggedTemplateExpression') return;
		const { tag, quasi } = node as unknown as TaggedTemplate; // the parser's own shape for this type
		if (tag.type !== 'Identifier') return;
		const minify = tag.name === 'css' ? minifyCss : tag.name === 'html' || tag.name === 'svg' ? minifyHtml : undefined;
		if (minify === undefined) return;
		const raw = quasi.quasis.map((part) => part.value.raw);
		if (raw.some((part) => part.includes(HOLE) || hasOddEscape(part))) return;
		const parts = minify(raw.join(HOLE)).split(HOLE);
		// A comment that swallows a hole would shift every value behind it.
		if (parts.length !== raw.length) return;
		quasi.quasis.forEach((part, index) => {
			edits.push({ start: part.start, end: part.end, text: parts[index] ?? '' });
		});
	});
	let out = '';
	let from = 0;
	for (const { start, end, text } of edits.sort((a, b) => a.start - b.start)) {
		if (start < from) continue; // a template inside a value of another: its own edit comes in order
		out += code.slice(from, start) + text;
		from = end;
	}
	return out + code.slice(from);
}

/**
 * Drops comments; a run of white space becomes one space, never none: between inline elements it shows.
 * Attribute values, and the content of pre, textarea, script and style, stay as they are.
 */
export function minifyHtml(source: string): string {
	let out = '';
	let at = 0;
	let verbatim: string | undefined;
	while (at < source.length) {
		let end = source.length;
		if (verbatim !== undefined) {
			const close = source.toLowerCase().indexOf(`</${verbatim}`, at);
			if (close >= 0) end = close;
			out += source.slice(at, end);
			verbatim = undefined;
		} else if (source.startsWith('<!--', at)) {
			const close = source.indexOf('-->', at + 4);
			if (close >= 0) end = close + 3;
			const comment = source.slice(at, end);
			if (comment.includes(HOLE)) out += comment;
		} else if (/^<[a-zA-Z/!\uE000]/.test(source.slice(at, at + 2))) {
			const tag = readTag(source, at);
			out += tag.text;
			end = tag.end;
			const name = /^<([a-z]+)/i.exec(tag.text)?.[1]?.toLowerCase();
			if (name === 'pre' || name === 'textarea' || name === 'script' || name === 'style') verbatim = name;
		} else {
			const next = source.indexOf('<', at + 1);
			if (next >= 0) end = next;
			const text = source.slice(at, end).replace(/[ \t\r\n]+/g, ' ');
			// Where a comment was dropped, the space before it is enough.
			out += text.startsWith(' ') && out.endsWith(' ') ? text.slice(1) : text;
		}
		at = end;
	}
	return out;
}

function readTag(source: string, from: number): { text: string; end: number } {
	let text = '<';
	let at = from + 1;
	while (at < source.length) {
		const character = source.charAt(at);
		if (character === '>') return { text: `${text.trimEnd()}>`, end: at + 1 };
		if (character === '=') {
			const value = /^=[ \t\r\n]*(?:"[^"]*"|'[^']*'|[^ \t\r\n>]*)/.exec(source.slice(at))?.[0] ?? '=';
			text += value;
			at += value.length;
		} else if (/[ \t\r\n]/.test(character)) {
			const run = /^[ \t\r\n]+/.exec(source.slice(at))?.[0] ?? ' ';
			text += ' ';
			at += run.length;
		} else {
			text += character;
			at += 1;
		}
	}
	return { text, end: at };
}

/** Drops comments and the white space that separates nothing. Strings and addresses stay as they are. */
export function minifyCss(source: string): string {
	const tokens = source.match(CSS_TOKEN) ?? [];
	let out = '';
	let isSpaceDue = false;
	tokens.forEach((token, index) => {
		if (/^[ \t\r\n]/.test(token)) {
			isSpaceDue = true;
		} else if (token.startsWith('/*') && !token.includes(HOLE)) {
			// `.a/**/.b` is one element: a comment is no space, and two words must not grow together.
			const next = tokens[index + 1] ?? ' ';
			if (!isSpaceDue && !/^[ \t\r\n{};,]/.test(next) && !/[{};,]$/.test(out)) out += '/**/';
		} else {
			if (isSpaceDue && needsSpace(out, token)) out += ' ';
			isSpaceDue = false;
			if (token.startsWith('}') && out.endsWith(';')) out = out.slice(0, -1);
			out += /^["']|^url\(/i.test(token) ? token : token.replace(/;(?=\})/g, '');
		}
	});
	return out;
}

const CSS_TOKEN =
	/\/\*[\s\S]*?\*\/|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|url\([^)"']*\)|[ \t\r\n]+|[^"'/ \t\r\n]+?(?=url\()|[^"'/ \t\r\n]+|\//gi;

// Around + - * a space carries meaning in calc(), and before : # . [ it is a descendant selector.
function needsSpace(before: string, after: string): boolean {
	if (before === '' || /[{};,>(]$/.test(before) || /^[{};,>)]/.test(after)) return false;
	// `name: value`. In a selector nobody writes a space behind a colon.
	return !before.endsWith(':');
}

// `\n` in the source is white space that a reader of the source does not see; an escaped quote would be misread.
function hasOddEscape(raw: string): boolean {
	return raw.replace(/\\\\(?!["'])|\\[`$]/g, '').includes('\\');
}

interface TaggedTemplate {
	tag: { type: string; name?: string };
	quasi: { quasis: { start: number; end: number; value: { raw: string } }[] };
}

function visit(node: unknown, onNode: (node: { type: string }) => void): void {
	if (Array.isArray(node)) {
		for (const child of node) visit(child, onNode);
		return;
	}
	if (typeof node !== 'object' || node === null) return;
	if ('type' in node && typeof node.type === 'string') onNode(node as { type: string });
	for (const child of Object.values(node)) {
		if (typeof child === 'object') visit(child, onNode);
	}
}
