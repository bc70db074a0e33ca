// README.md's tables of the element, made of its manifest; `npm run docs` writes them.
// Knows how a row of each table reads; never knows where the manifest comes from.
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ElementShape, findElement, type Member, makeManifest, type Named } from './manifest.ts';

/** By the name in `<!-- table: name -->`; each ends at the next `<!-- end -->`. */
const TABLES: Record<string, (element: ElementShape) => string> = {
	attributes: ({ attributes }) => list('attribute', 'what', attributes),
	properties: drawProperties,
	methods: drawMethods,
	events: ({ events }) => list('event', 'when', events),
	slots: ({ slots }) => list('slot', 'what goes there', slots),
	parts: ({ cssParts }) => list('part', 'what', cssParts),
	states: ({ cssStates }) => list('state', 'when', cssStates),
	tokens: drawTokens,
};

/**
 * The document with its tables made anew.
 * @throws Error for a table that is not known, not ended or not there
 */
export function writeTables(document: string, element: ElementShape): string {
	const missing = new Set(Object.keys(TABLES));
	const written = document.replace(
		/<!-- table: (\S+) -->\n[\s\S]*?(<!-- end -->|(?=<!-- table:)|$)/g,
		(_, name: string, end: string) => {
			const draw = TABLES[name];
			if (!draw || !end) throw new Error(`Expected one of ${Object.keys(TABLES).join(', ')} and its end: ${name}.`);
			missing.delete(name);
			return `<!-- table: ${name} -->\n\n${draw(element)}\n\n<!-- end -->`;
		},
	);
	if (missing.size > 0)
		throw new Error(`Expected a place for each table; there is none for ${[...missing].join(', ')}.`);
	return written;
}

function drawProperties({ members }: ElementShape): string {
	const fields = members.filter(({ kind, static: isStatic }) => kind === 'field' && !isStatic);
	const mirrors = fields.filter(({ attribute }) => attribute).map(({ name }) => `\`${name}\``);
	const own = fields
		.filter(({ attribute }) => !attribute)
		.toSorted((one, other) => Number(other.readonly ?? false) - Number(one.readonly ?? false))
		.map((field) => ({
			name: field.name,
			description: `${firstSentence(field)}${field.readonly ? '; to be read' : ''}`,
		}));
	return `${mirrors.slice(0, -1).join(', ')} and ${mirrors.at(-1)} mirror the attributes.\n\n${list('property', 'what', own)}`;
}

function drawMethods({ members }: ElementShape): string {
	const methods = members.filter(({ kind }) => kind === 'method');
	const names = [...new Set(methods.map(({ name }) => name))];
	return table(
		['method', 'what'],
		names.map((name) => {
			const forms = methods.filter((method) => method.name === name);
			return [forms.map((method) => `\`${signature(method)}\``).join(', '), firstSentence(forms[0] ?? { name })];
		}),
	);
}

function signature({ name, parameters = [] }: Member): string {
	return `${name}(${parameters.map((parameter) => parameter.name + (parameter.optional ? '?' : '')).join(', ')})`;
}

function drawTokens({ cssProperties }: ElementShape): string {
	return table(
		['property', 'light', 'dark', 'for'],
		cssProperties.map(({ name, default: value = '', description = '' }) => {
			const [, light = value, dark = ''] = /^light-dark\((.+), (.+)\)$/.exec(value) ?? [];
			return [`\`${name}\``, `\`${light}\``, dark && `\`${dark}\``, description];
		}),
	);
}

/** What a comment says first, as the cell of a table. */
function firstSentence({ description = '' }: Named): string {
	const [first = ''] = description.split(/\.(?:\s|$)/);
	return first.charAt(0).toLowerCase() + first.slice(1);
}

function list(name: string, what: string, items: readonly Named[]): string {
	return table(
		[name, what],
		items.map((item) => [`\`${item.name}\``, item.description ?? '']),
	);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
	const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`.replace(/\| {2}\|/g, '| |');
	return [head, head.map(() => '---'), ...rows].map(line).join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
	const readme = fileURLToPath(new URL('../../README.md', import.meta.url));
	const before = await readFile(readme, 'utf8');
	const after = writeTables(before, findElement(await makeManifest()));
	if (after !== before) await writeFile(readme, after);
}
