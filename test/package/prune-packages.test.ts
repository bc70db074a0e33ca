import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseSync } from 'vite';
import { describe, expect, test } from 'vitest';
import { LiveFeed } from '../../widget/live-feed.ts';
import { listSources, ROOT, visit } from '../support/sources.ts';

const TOOL = /^widget\/build\//;

interface Template {
	file: string;
	tag: string;
	/** Each `${…}`: its source, and all text of the template before it. */
	holes: { value: string; before: string }[];
	text: string;
}

const files = listSources(['widget'], /\.ts$/).filter((file) => !TOOL.test(file));
const sources = files.map((file) => ({ file, source: readFileSync(path.join(ROOT, file), 'utf8') }));
const templates = sources.flatMap(({ file, source }) => readTemplates(file, source));

// What widget/build/prune-packages.ts takes out of the drop-in script works in tests of the sources and in the npm package: only here is it told.
describe('what is cut from the bundled packages is used nowhere', () => {
	test('the templates were found and read', () => {
		expect(templates.filter(({ tag }) => tag === 'html').length).toBeGreaterThan(40);
		expect(templates.filter(({ tag }) => tag === 'css').length).toBeGreaterThan(4);
	});

	test('of lit, only what is left of it is imported', () => {
		const allowed: Record<string, RegExp> = {
			lit: /^(LitElement|PropertyValues|TemplateResult|CSSResult|html|css|nothing|render)$/,
			// A list of lines is the one directive; it stands where a child does, and answers with `noChange`.
			'lit (widget/views/lines.ts)': /^noChange$/,
			'lit/directive.js (widget/views/lines.ts)': /^(ChildPart|Directive|directive)$/,
			'lit/directive-helpers.js (widget/views/lines.ts)': /^(insertPart|removePart|setChildPartValue)$/,
			'partysocket/ws (widget/client/websocket.ts)': /^default$/,
		};
		const strangers = sources.flatMap(({ file, source }) =>
			parseSync(file, source).module.staticImports.flatMap(({ moduleRequest: { value: from }, entries }) =>
				/^(lit|partysocket)\b/.test(from)
					? entries
							.map(({ importName }) => importName.name ?? importName.kind.toLowerCase())
							.filter((name) => !allowed[from]?.test(name) && !allowed[`${from} (${file})`]?.test(name))
							.map((name) => `${file}: ${name} of ${from}`)
					: [],
			),
		);
		expect(strangers).toEqual([]);
	});

	test('a value in a template is a child, or of an attribute, a property or a listener: there are no other bindings', () => {
		const strange = holesOf('html', ({ before }) => isInTag(before) && !/\s[.@?]?[\w-]+=(?:"[^"]*)?$/.test(before));
		expect(strange).toEqual([]);
		const raw = templates.filter(({ text }) => /<(?:script|style|title)\b|<textarea[^>]*>(?!<\/textarea>)/.test(text));
		expect(raw.map(({ file }) => file)).toEqual([]);
	});

	test('lines are drawn as children', () => {
		expect(holesOf('html', ({ value, before }) => value.includes('drawLines') && isInTag(before))).toEqual([]);
	});

	test('style sheets hold no values, and there are no svg and mathml templates', () => {
		expect(holesOf('css', () => true)).toEqual([]);
		expect(templates.map(({ tag }) => tag).filter((tag) => !['html', 'css', 'raw'].includes(tag))).toEqual([]);
	});

	test('listeners are functions, and are called without the element as `this`', () => {
		const isOdd = (value: string) => /^\{|^function\b|\bthis\b/.test(value);
		expect(holesOf('html', ({ value, before }) => /\s@[\w-]+=$/.test(before) && isOdd(value))).toEqual([]);
	});

	test('properties are texts and booleans, and are converted and compared as lit does', () => {
		for (const [name, { type, ...options }] of Object.entries(
			LiveFeed.properties as Record<string, { type?: unknown }>,
		)) {
			expect([undefined, Boolean], name).toContain(type);
			expect(['attribute', 'reflect', 'noAccessor'], name).toEqual(expect.arrayContaining(Object.keys(options)));
		}
	});

	test('of an element, only the steps of its life that are left are used', () => {
		const gone =
			/\b(addInitializer|addController|removeController|createProperty|getPropertyDescriptor|getPropertyOptions|finalizeStyles|shadowRootOptions|shouldUpdate|firstUpdated|getUpdateComplete|renderOptions|createRenderRoot|handleEvent)\b(?!`)/;
		expect(sources.filter(({ source }) => gone.test(source)).map(({ file }) => file)).toEqual([]);
	});

	test('of a socket, only sending, closing and its four handlers are used', () => {
		const { source } = sources.find(({ file }) => file === 'widget/client/websocket.ts') ?? { source: '' };
		const used = [...source.matchAll(/\b(?:own|socket)\??\.(\w+)/g)].map((match) => match[1]);
		const all = ['binaryType', 'close', 'onclose', 'onerror', 'onmessage', 'onopen', 'send'];
		expect([...new Set(used)].sort()).toEqual(all);
		// All are there before it says anything, and its options name what it must not do.
		const options = /new ReconnectingWebSocket\(.*, \[\], \{([^}]*)\}/.exec(source)?.[1] ?? '';
		expect(options.replace(/\s+/g, '')).toBe(
			'maxRetries:0,maxEnqueuedMessages:0,connectionTimeout:CONNECT_TIMEOUT_MS,',
		);
	});
});

/** The values in templates of a kind that are strange, as they are written. */
function holesOf(tag: string, isStrange: (hole: Template['holes'][number]) => boolean): string[] {
	return templates
		.filter((template) => template.tag === tag)
		.flatMap(({ file, holes }) => holes.filter(isStrange).map(({ value }) => `${file}: ${value}`));
}

function isInTag(before: string): boolean {
	return /<(?:[^>"]|"[^"]*")*(?:"[^"]*)?$/.test(before);
}

function readTemplates(file: string, source: string): Template[] {
	const found: Template[] = [];
	visit(parseSync(file, source).program, (node) => {
		if (node.type !== 'TaggedTemplateExpression') return;
		const { tag, quasi } = node as unknown as TaggedTemplate; // the parser's own shape for this type
		let text = '';
		const holes: Template['holes'] = [];
		for (const [i, { value }] of quasi.quasis.entries()) {
			text += value.raw;
			const hole = quasi.expressions[i];
			if (hole) holes.push({ value: source.slice(hole.start, hole.end), before: text });
			if (hole) text += '${}';
		}
		found.push({ file, tag: tag.name ?? '', holes, text });
	});
	return found;
}

interface TaggedTemplate {
	tag: { name?: string };
	quasi: { quasis: { value: { raw: string } }[]; expressions: { start: number; end: number }[] };
}
