import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Import, listSources, ROOT, readImports } from '../support/sources.ts';

/** Build tools; they are no part of the widget. */
const TOOLS = /^widget\/build\//;
const PUBLISHED = /^live-feed(\/(element|client|publisher|protocol|live-feed\.js))?$/;

const files = listSources(['relay', 'widget', 'demo', 'test']);
const imports = files.filter((file) => !TOOLS.test(file)).flatMap(readImports);

/** What a folder imports and may not, one per line. */
function strangers(isFrom: RegExp, isAllowed: (found: Import) => boolean): string[] {
	return imports
		.filter((found) => isFrom.test(found.from) && !isAllowed(found))
		.map(({ from, to }) => `${from} → ${to}`);
}

const isIn = (...folders: string[]) => {
	return ({ to, isPackage }: Import) => !isPackage && folders.some((folder) => to.startsWith(`${folder}/`));
};
const isNode = ({ to }: Import) => to.startsWith('node:');

describe('imports point one way', () => {
	test('the sources were found and read', () => {
		expect(files.length).toBeGreaterThan(20);
		expect(imports.length).toBeGreaterThan(50);
	});

	test('the protocol imports nothing outside itself', () => {
		expect(strangers(/^relay\/protocol\//, isIn('relay/protocol'))).toEqual([]);
	});

	test('the widget imports of the relay only its protocol, and of packages only lit and partysocket', () => {
		const isPackage = ({ to }: Import) => /^(lit|partysocket)($|\/)/.test(to);
		const isAllowed = (found: Import) => isIn('widget', 'relay/protocol')(found) || isPackage(found);
		expect(strangers(/^widget\//, isAllowed)).toEqual([]);
	});

	test('nothing of the widget imports its build tools, and they alone see the types of Node', () => {
		expect(strangers(/^widget\//, (found) => !isIn('widget/build')(found))).toEqual([]);
		const configs = readdirSync(path.join(ROOT, 'widget'), { recursive: true, encoding: 'utf8' })
			.filter((file) => path.basename(file) === 'tsconfig.json')
			.map((file) => [path.dirname(file), readFileSync(path.join(ROOT, 'widget', file), 'utf8')] as const);
		expect(configs.length).toBeGreaterThan(3);
		const seesNode = configs.filter(([, config]) => JSON.parse(config).compilerOptions.types.length > 0);
		expect(seesNode.map(([folder]) => folder)).toEqual(['build']);
	});

	test('views never import the client', () => {
		expect(strangers(/^widget\/(views|styles)\//, (found) => !isIn('widget/client')(found))).toEqual([]);
	});

	test('the client imports nothing of the widget around it, and no lit', () => {
		const isSocket = ({ to }: Import) => /^partysocket($|\/)/.test(to);
		const isAllowed = (found: Import) => isIn('widget/client', 'relay/protocol')(found) || isSocket(found);
		expect(strangers(/^widget\/client\//, isAllowed)).toEqual([]);
	});

	test('the publisher imports no package, and of the client only how an address is read', () => {
		const isAddress = ({ to }: Import) => to === 'widget/client/relay-address.ts';
		const isAllowed = (found: Import) => isIn('widget/publisher', 'relay/protocol')(found) || isAddress(found);
		expect(strangers(/^widget\/publisher\//, isAllowed)).toEqual([]);
	});

	test('the command is a client of the protocol; of the relay it knows only how settings are read, and how one is started here', () => {
		const isBundled = ({ to }: Import) => /^(ws|jose|commander)$/.test(to) || to === 'package.json';
		const isSettings = ({ to }: Import) => /^relay\/(settings|run\/(settings-file|engine-settings))\.ts$/.test(to);
		const isStart = (found: Import) => /\/(dev|surroundings)\.ts$/.test(found.from) && isIn('relay/run')(found);
		const isClient = isIn('relay/cli', 'widget/client', 'widget/publisher', 'relay/protocol');
		const isRelay = (found: Import) => isSettings(found) || isStart(found);
		const isAllowed = (found: Import) => isClient(found) || isRelay(found) || isNode(found) || isBundled(found);
		expect(strangers(/^relay\/cli\//, isAllowed)).toEqual([]);
	});

	test('only relay/hosts/partykit.ts imports partykit; relay/run starts it as a process, and a test may be a party itself', () => {
		const isPartyKit = ({ to }: Import) => /^partykit($|\/)/.test(to);
		expect(strangers(/^(?!relay\/hosts\/partykit\.ts$|test\/)/, (found) => !isPartyKit(found))).toEqual([]);
	});

	test('the relay imports nothing of the widget; what starts it may ask for a build', () => {
		const isBuild = ({ to }: Import) => to === 'widget/build/build.ts';
		const isFine = (found: Import) => !isIn('widget')(found) || (found.from.startsWith('relay/run/') && isBuild(found));
		expect(strangers(/^relay\/(?!cli\/)/, isFine)).toEqual([]);
	});

	test('the demo imports published entry points only', () => {
		const isScript = ({ to }: Import) => /^(https?:\/\/[^/]+)?\/live-feed\.js$/.test(to);
		// The relay serves demo/ at its root.
		const isOwn = (found: Import) => isIn('demo')(found) || existsSync(path.join(ROOT, 'demo', found.to));
		// The monitor's library has a database.
		const isDatabase = ({ from, to }: Import) => from.startsWith('demo/monitor/') && to === 'node-sqlite3-wasm';
		const isAllowed = (found: Import) =>
			isOwn(found) || isNode(found) || isScript(found) || isDatabase(found) || PUBLISHED.test(found.to);
		expect(strangers(/^demo\//, isAllowed)).toEqual([]);
	});

	test('nothing imports a test', () => {
		expect(strangers(/^(?!test\/)/, (found) => !isIn('test')(found))).toEqual([]);
	});
});
