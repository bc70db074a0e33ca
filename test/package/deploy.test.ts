// The configuration for Cloudflare against what it names. `npm run test:deploy` has wrangler itself read it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { CONTROLS } from '../../relay/http/control.ts';
import { COMPATIBILITY_DATE } from '../../relay/run/workerd-config.ts';
import { isSetting } from '../../relay/settings.ts';
import { ROOT } from '../support/sources.ts';
import { readWranglerConfig } from '../support/wrangler-config.ts';

const FILE = path.join(ROOT, 'relay', 'wrangler.jsonc');
/** What the npm package has. */
const PACKED_FILE = path.join(ROOT, 'dist', 'relay', 'wrangler.jsonc');
const SITE = path.join(ROOT, 'dist', 'site');
const config = readWranglerConfig(FILE);
const resolve = (file: string) => path.resolve(path.dirname(FILE), file);

/** Matches as Cloudflare does: a star is any characters. */
function isAnsweredByRelay(address: string): boolean {
	return config.assets.run_worker_first.some((pattern) => {
		const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
		return new RegExp(`^${parts.join('.*')}$`).test(address);
	});
}

test('binds each class of the relay, and makes it with SQLite storage', () => {
	const folder = path.dirname(resolve(config.main));
	const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
	const entry = read(path.basename(config.main));
	// The entry, with what it passes on.
	const passedOn = [...entry.matchAll(/^export \{ \w+ \} from '(.+)';$/gm)].map(([, file = '']) => read(file));
	const classes = [entry, ...passedOn]
		.flatMap((source) => [...source.matchAll(/^export class (\w+) extends DurableObject\b/gm)])
		.map(([, name]) => name);
	expect(classes.length).toBeGreaterThan(1);
	const { bindings } = config.durable_objects;
	expect(bindings.map(({ class_name }) => class_name).sort()).toEqual(classes.sort());
	expect(config.migrations.flatMap(({ new_sqlite_classes }) => new_sqlite_classes).sort()).toEqual(classes);
	for (const name of [...bindings.map((binding) => binding.name), config.assets.binding])
		expect(read('environment.ts')).toMatch(new RegExp(`^\\t${name}\\??: `, 'm'));
});

test('has the compatibility date of the local engine', () => {
	expect(config.compatibility_date).toBe(COMPATIBILITY_DATE);
});

test('serves the site that is built', () => {
	expect(resolve(config.assets.directory)).toBe(SITE);
	// Its addresses end in .html, and / is answered by the relay.
	expect(config.assets.html_handling).toBe('none');
});

test('has the relay answer each of its own addresses', () => {
	const router = readFileSync(path.join(ROOT, 'relay', 'http', 'routes.ts'), 'utf8');
	const [, scripts = ''] = /^const SCRIPTS = '(.+)';$/m.exec(router) ?? [];
	const written = [...router.matchAll(/'(\/[\w./-]+)'/g)].map(([, address = '']) => address);
	expect(written).toEqual(expect.arrayContaining([scripts, '/health', '/live-feed.js']));
	const addresses = [
		...written.filter((address) => address !== scripts),
		...CONTROLS,
		...['/channels/deploys/events', '/parties/main/deploys', '/live-feed/later-1x.js'],
		...['/live-feed@1.2.3-0f.js', '/live-feed@1.2.3-0f/later-1x.js'],
	];
	expect(addresses.filter((address) => !isAnsweredByRelay(address))).toEqual([]);
});

test('leaves every page and picture to the assets, which cost nothing', () => {
	const files = readdirSync(SITE, { recursive: true, withFileTypes: true })
		.filter((file) => file.isFile())
		.map((file) => `/${path.relative(SITE, path.join(file.parentPath, file.name)).split(path.sep).join('/')}`);
	expect(files).toContain('/index.html');
	expect(files.filter((file) => isAnsweredByRelay(file) && !/^\/live-feed\/themes\/[\w-]+\.css$/.test(file))).toEqual(
		[],
	);
});

test('sets nothing but settings of the relay', () => {
	expect(Object.keys(config.vars).filter((name) => !isSetting(name))).toEqual([]);
});

test('is in the package too, with the paths of what is built there', () => {
	const { main, assets, ...rest } = readWranglerConfig(PACKED_FILE);
	const packed = (file: string) => path.resolve(path.dirname(PACKED_FILE), file);
	expect(existsSync(packed(main))).toBe(true);
	expect(packed(main)).toBe(path.join(ROOT, 'dist', 'relay', 'cloudflare.js'));
	expect(packed(assets.directory)).toBe(SITE);
	const { main: _main, assets: own, ...ownRest } = config;
	expect({ ...rest, assets: { ...assets, directory: '' } }).toEqual({ ...ownRest, assets: { ...own, directory: '' } });
});
