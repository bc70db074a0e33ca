// The tests that run in a real browser against a real relay.
// Knows how to find the one and start the other; never knows a test. Run with `node --import tsx`: it imports TypeScript.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultReporter } from '@web/test-runner';
import { chromeLauncher } from '@web/test-runner-chrome';
import { transformWithOxc } from 'vite';
import { findElement, makeManifest } from '../../widget/build/manifest.ts';
import { findBrowser } from '../support/browser.ts';
import { writeOutcome } from '../support/outcomes.ts';
import { startRelay } from '../support/relay.ts';
import { patience, SLOWNESS } from '../support/slowness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const browser = await findBrowser();

/** Browsers read no types. */
const typescript = {
	name: 'typescript',
	resolveMimeType: (context) => (context.path.endsWith('.ts') ? 'js' : undefined),
	async transform(context) {
		if (!context.path.endsWith('.ts')) return;
		const { code, map } = await transformWithOxc(context.body, context.path, { target: 'es2022', sourcemap: true });
		const encoded = Buffer.from(JSON.stringify(map)).toString('base64');
		return { body: `${code}\n//# sourceMappingURL=data:application/json;base64,${encoded}` };
	},
};

let relay;
/** One relay for all files: `GET /relay/url`, `POST /relay/kill`, `POST /relay/restart`. */
const realRelay = {
	name: 'relay',
	async serverStart() {
		relay = await startRelay();
	},
	async serverStop() {
		await relay?.stop();
	},
	async serve(context) {
		if (context.path === '/relay/url') return { body: relay.url, type: 'text' };
		if (context.method !== 'POST') return;
		if (context.path === '/relay/kill') {
			const { exited } = relay.engine;
			relay.engine.killEngine();
			await exited;
			return { body: 'killed', type: 'text' };
		}
		if (context.path === '/relay/restart') {
			await relay.engine.restart();
			return { body: 'running', type: 'text' };
		}
	},
};

/** `GET /shape.json`: the element as it is documented. */
const shape = {
	name: 'shape',
	async serve(context) {
		if (context.path !== '/shape.json') return;
		return { body: JSON.stringify(findElement(await makeManifest())), type: 'json' };
	},
};

/** `GET /slowness`: the factor for time-outs, which a page cannot read from the environment. */
const slowness = {
	name: 'slowness',
	serve: (context) => (context.path === '/slowness' ? { body: String(SLOWNESS), type: 'text' } : undefined),
};

const toFile = (file) => path.relative(ROOT, file).split(path.sep).join('/');

/** Writes down the outcomes of a file as soon as it has ended. */
const outcomes = {
	start({ testFiles }) {
		for (const file of testFiles) writeOutcome({ kind: 'planned', file: toFile(file) });
	},
	reportTestFileResults({ sessionsForTestFile }) {
		for (const { testFile, testResults, errors, passed } of sessionsForTestFile) {
			const file = toFile(testFile);
			const tests = testResults ? [...listTests(testResults)] : [];
			for (const { titles, state, message } of tests) writeOutcome({ kind: 'test', file, titles, state, message });
			// A file that does not load has no tests to fail.
			const isFailed = errors.length > 0 || (!passed && !tests.some(({ state }) => state === 'failed'));
			const message = errors.map((error) => error.stack || error.message).join('\n') || 'did not finish';
			writeOutcome({ kind: 'file', file, ...(isFailed ? { message } : {}) });
		}
	},
};

function* listTests(suite, groups = []) {
	for (const { name, skipped, passed, error } of suite.tests) {
		const message = error && [error.message, error.stack].filter(Boolean).join('\n');
		yield { titles: [...groups, name], state: skipped ? 'skipped' : passed ? 'passed' : 'failed', message };
	}
	for (const child of suite.suites) yield* listTests(child, [...groups, child.name]);
}

export default {
	rootDir: ROOT,
	files: ['test/browser/**/*.test.ts'],
	nodeResolve: { exportConditions: ['browser', 'default'], extensions: ['.mjs', '.js', '.ts'] },
	plugins: [typescript, realRelay, shape, slowness],
	browsers: [
		chromeLauncher({
			launchOptions: {
				executablePath: browser.executablePath,
				args: browser.args,
				env: { ...process.env, ...browser.env },
			},
		}),
	],
	concurrency: 1, // what is drawn and when is measured; two pages at once would disturb each other
	testFramework: { config: { ui: 'bdd', timeout: patience(40_000) } },
	testsFinishTimeout: patience(240_000),
	reporters: [defaultReporter(), outcomes],
};
