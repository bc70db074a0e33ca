// The documented shape of the element: custom-elements.json has all of it, and README.md says the same.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { LitElement } from 'lit';
import { describe, expect, it } from 'vitest';
import { findElement, type Manifest, type Named } from '../../widget/build/manifest.ts';
import { writeTables } from '../../widget/build/tables.ts';
import { LiveFeed } from '../../widget/live-feed.ts';
import { tokens } from '../../widget/styles/tokens.ts';
import { work } from '../../widget/styles/work.ts';
import { listSources, ROOT } from '../support/sources.ts';

const read = (file: string) => readFileSync(path.join(ROOT, file), 'utf8');
const manifest = JSON.parse(read('dist/custom-elements.json')) as Manifest; // `npm run build` has just written it
const element = findElement(manifest);
const attributes = LiveFeed.observedAttributes; // Lit makes the accessors when it is first asked for these
/** What the class itself has, and not by overriding what it inherits. */
const own = Object.entries(Object.getOwnPropertyDescriptors(LiveFeed.prototype)).filter(
	([name]) => !(name in LitElement.prototype),
);

const sorted = (names: Iterable<string>) => [...new Set(names)].sort();
const namesOf = (all: readonly Named[]) => sorted(all.map(({ name }) => name));
const find = (text: string, pattern: RegExp) => sorted([...text.matchAll(pattern)].map(([, name = '']) => name));

describe('custom-elements.json', () => {
	it('describes one element, the class of it, and where the package has both', () => {
		expect(element).toMatchObject({ name: 'LiveFeed', tagName: 'live-feed', customElement: true });
		const exports = manifest.modules.flatMap((module) => module.exports.map(({ kind }) => `${kind} ${module.path}`));
		expect(exports).toEqual(['js dist/element.js', 'custom-element-definition dist/index.js', 'js dist/index.js']);
		const { customElements } = JSON.parse(read('package.json')) as { customElements: string }; // our own file
		expect(customElements).toBe('dist/custom-elements.json');
	});

	it('has every attribute, and the property that it is', () => {
		expect(namesOf(element.attributes)).toEqual(sorted(attributes));
		const fields = element.members.filter(({ attribute }) => attribute);
		const pairs = (one: string | undefined, other: string | undefined) => `${one} ${other}`;
		expect(sorted(element.attributes.map(({ name, fieldName }) => pairs(name, fieldName)))).toEqual(
			sorted(fields.map(({ name, attribute }) => pairs(attribute, name))),
		);
	});

	it('has every property of the class, with its type, and says which are to be read alone', () => {
		const fields = element.members.filter((member) => member.kind === 'field' && !member.static);
		const accessors = own.filter(([, { get, set }]) => get || set);
		expect(namesOf(fields)).toEqual(sorted(accessors.map(([name]) => name)));
		expect(fields.filter(({ type }) => !type?.text)).toEqual([]);
		const readonly = accessors.filter(([, { set }]) => !set).map(([name]) => name);
		expect(namesOf(fields.filter((field) => field.readonly))).toEqual(sorted(readonly));
	});

	it('has every method of the class, with its parameters and what it answers, and none of its inside', () => {
		const methods = element.members.filter(({ kind }) => kind === 'method');
		expect(namesOf(methods)).toEqual(sorted(own.filter(([, { value }]) => value).map(([name]) => name)));
		expect(methods.filter((method) => !method.return?.type.text)).toEqual([]);
		expect(element.members.filter(({ name, privacy }) => name.startsWith('#') || privacy === 'private')).toEqual([]);
		const publish = methods.filter(({ name }) => name === 'publish');
		expect(publish.map(({ parameters }) => parameters?.map(({ name }) => name))).toEqual([
			['type', 'fields'],
			['draft'],
		]);
	});

	it('has every event, and its class', () => {
		const declared = read('widget/events.ts').replace(/^declare global[\s\S]*/m, '');
		expect(namesOf(element.events)).toEqual(find(declared, /^\t'(live-feed-[\w-]+)':/gm));
		expect(sorted(element.events.map(({ type }) => type?.text ?? ''))).toEqual(['LiveFeedEvent']);
	});

	it('has every state', () => {
		const [, states = ''] = /^const STATES = \[(.*?)\]/ms.exec(read('widget/live-feed.ts')) ?? [];
		expect(namesOf(element.cssStates)).toEqual(find(states, /'([\w-]+)'/g));
	});

	it('has every token, and its defaults as the panel has them', () => {
		const defaults = [...`${tokens.cssText}${work.cssText}`.matchAll(/var\((--live-feed-[\w-]+), (.*)\);$/gm)].map(
			([, name, value]) => `${name}: ${value}`,
		);
		expect(sorted(element.cssProperties.map((token) => `${token.name}: ${token.default}`))).toEqual(sorted(defaults));
	});

	// What is put together as the panel is drawn, test/browser/shape.test.ts finds in the page.
	it('has every part and every slot that a view names', () => {
		const views = listSources(['widget/views']).map(read).join('\n');
		const parts = sorted(find(views, /\bpart="([^"$]+)"/g).flatMap((names) => names.split(' ')));
		expect(parts.length).toBeGreaterThan(8);
		expect(parts.filter((name) => !namesOf(element.cssParts).includes(name))).toEqual([]);
		expect(namesOf(element.slots)).toEqual(find(views, /<slot name="([\w-]+)"/g));
	});

	it('says of each thing what it is for', () => {
		const { members, events, slots, cssParts, cssProperties, cssStates } = element;
		const all: Named[] = [element.attributes, members, events, slots, cssParts, cssProperties, cssStates].flat();
		expect(all.filter(({ description }) => !description).map(({ name }) => name)).toEqual([]);
	});
});

describe('README.md', () => {
	it('has the tables that are made of the manifest', () => {
		const readme = read('README.md');
		expect(readme, 'README.md and the comment of the class differ: `npm run docs` mends it').toBe(
			writeTables(readme, element),
		);
	});
});
