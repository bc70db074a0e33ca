// The element's documented shape as a custom elements manifest, made of the class's comment and its members.
// Knows how the comment is read and what of it is public; never knows how a document shows it.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as analyzer from '@custom-elements-manifest/analyzer';

/** Whatever has a name; what it is for, in words that README.md has too. */
export interface Named {
	name: string;
	description?: string;
	type?: { text: string };
	default?: string;
}

/** An attribute, and the property that it is. */
export interface Attribute extends Named {
	fieldName?: string;
}

/** A custom property that a page may set. */
export interface CssProperty extends Named {
	/** As in `@property`: `<color>`. */
	syntax?: string;
}

/** A property or a method; one that is overloaded is there once for each of its forms. */
export interface Member extends Named {
	kind: 'field' | 'method';
	static?: boolean;
	privacy?: 'public' | 'private' | 'protected';
	readonly?: boolean;
	attribute?: string;
	reflects?: boolean;
	parameters?: (Named & { optional?: boolean })[];
	return?: { type: { text: string } };
}

/** The class, as far as it is described. */
export interface ElementShape extends Named {
	kind: string;
	tagName?: string;
	attributes: Attribute[];
	members: Member[];
	events: Named[];
	slots: Named[];
	cssParts: Named[];
	cssProperties: CssProperty[];
	cssStates: Named[];
}

/** What `custom-elements.json` holds. */
export interface Manifest {
	schemaVersion: string;
	readme: string;
	modules: {
		kind: string;
		path: string;
		declarations: ElementShape[];
		exports: { kind: string; name: string; declaration: { name: string; module: string } }[];
	}[];
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** What is read, and where the package has it. */
const SOURCES: Record<string, string> = {
	'widget/live-feed.ts': 'dist/element.js',
	'widget/index.ts': 'dist/index.js',
};
/** It is no module of its own for the analyzer's index, so its address is of its inside. */
const LIT_PLUGIN = '@custom-elements-manifest/analyzer/src/features/framework-plugins/lit/lit.js';

/** The manifest of the sources as they are now. */
export async function makeManifest(): Promise<Manifest> {
	// The analyzer's own types leave out what it exports to be used from a program.
	const { create, ts } = analyzer as unknown as Analyzer;
	const { litPlugin } = (await import(LIT_PLUGIN)) as { litPlugin: () => unknown[] };
	const modules = await Promise.all(
		Object.keys(SOURCES).map(async (file) =>
			ts.createSourceFile(file, await readFile(path.join(ROOT, file), 'utf8'), ts.ScriptTarget.ES2022, true),
		),
	);
	// Lit's half takes the type of an attribute from its property; the comment says what may be written there.
	const written = new Map<string, Attribute['type']>();
	const remember = {
		name: 'remember',
		analyzePhase: ({ moduleDoc }: { moduleDoc: Manifest['modules'][number] }) => {
			for (const { attributes = [] } of moduleDoc.declarations)
				for (const { name, type } of attributes) if (!written.has(name)) written.set(name, type && { ...type });
		},
	};
	const manifest = create({ modules, plugins: [remember, ...litPlugin()] });
	for (const module of manifest.modules) {
		module.path = toPublished(module.path);
		for (const { declaration } of module.exports) declaration.module = toPublished(declaration.module);
		// Types of the whole package are in its `.d.ts` files.
		module.exports = module.exports.filter(
			({ name, kind }) => name === 'LiveFeed' || kind === 'custom-element-definition',
		);
		for (const declaration of module.declarations) if (declaration.tagName) tidy(declaration, written);
	}
	// 2.1 is the first that has states and the syntax of custom properties.
	return { ...manifest, schemaVersion: '2.1.0' };
}

/** Writes it into a directory. */
export async function writeManifest(directory: string): Promise<void> {
	const text = JSON.stringify(await makeManifest(), null, '\t');
	await writeFile(path.join(directory, 'custom-elements.json'), `${text}\n`);
}

/** The element itself. */
export function findElement({ modules }: Manifest): ElementShape {
	const found = modules.flatMap(({ declarations }) => declarations).find(({ tagName }) => tagName === 'live-feed');
	if (!found) throw new Error('Expected `@element live-feed` in the comment of a class of widget/live-feed.ts.');
	return found;
}

/** Leaves what is public, and says in one place what the comment says in another. */
function tidy(element: ElementShape, written: ReadonlyMap<string, Attribute['type']>): void {
	// An overloaded method ends with the form that nobody can call.
	const { members } = element;
	const isBody = ({ name }: Member, i: number) => members[i - 1]?.name === name && members[i + 1]?.name !== name;
	element.members = members.filter(
		(member, i) => !/private|protected/.test(member.privacy ?? '') && !(member.kind === 'method' && isBody(member, i)),
	);
	for (const attribute of element.attributes) {
		const type = written.get(attribute.name);
		if (type) attribute.type = type;
		if (attribute.default === 'null') delete attribute.default; // a property's word for an attribute that is not there
	}
	let before: Member | undefined;
	for (const member of element.members) {
		if (member.kind === 'method' && member.name === before?.name) member.description ??= before.description ?? '';
		before = member;
		const attribute = element.attributes.find(({ fieldName }) => fieldName === member.name);
		if (attribute?.description) member.description ??= attribute.description;
		if (member.description) member.description = member.description.replace(/\s*\n\s*/g, ' ');
		for (const parameter of member.parameters ?? []) if (parameter.default) parameter.optional = true;
	}
	// Its one `dispatchEvent` is taken for an event that is called like its argument.
	element.events = element.events.filter(({ name }) => name?.startsWith('live-feed-'));
	for (const property of element.cssProperties) {
		if (property.type) property.syntax = property.type.text;
		delete property.type;
	}
}

function toPublished(file: string): string {
	const source = file.replace(/^(\.?\/)?(widget\/)?/, 'widget/');
	return SOURCES[source] ?? source;
}

interface Analyzer {
	create(options: { modules: unknown[]; plugins: unknown[] }): Manifest;
	ts: {
		createSourceFile(name: string, text: string, target: unknown, setParents: boolean): unknown;
		ScriptTarget: { ES2022: unknown };
	};
}
