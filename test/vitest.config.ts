// The tests that run in Node: which files, how long, how many at once, in which order. Knows no test.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { OutcomeReporter } from './support/outcome-reporter.ts';
import { patience } from './support/slowness.ts';

/**
 * Files that take longest: one of them begun last would be waited for alone. One that works the machine stands beside those
 * that mostly wait: for a relay's sleep, a token's end, a client's next attempt.
 */
const LONG = [
	...[
		'package/readme',
		'relay/sleep',
		'e2e/faults',
		'e2e/comes-back',
		'e2e/token',
		'e2e/faults-waiting',
		'e2e/reading',
	],
	...['package/run-for-good', 'e2e/senders', 'e2e/demo-monitor', 'e2e/accessibility', 'relay/limits'],
	...['e2e/demo-pages', 'e2e/security', 'e2e/command-tail', 'e2e/command-publish', 'e2e/together', 'e2e/presence'],
	...['e2e/work', 'relay/changes', 'relay/presence', 'e2e/requests'],
	...['e2e/publisher', 'e2e/scroll-back', 'e2e/settings', 'e2e/painted', 'e2e/foreign-page', 'e2e/fuzz'],
	...['package/exports', 'e2e/command-doctor'],
];

/** Long files first, in whatever project they are, and then the larger ones: a fresh clone knows no durations. */
class LongestFirst extends BaseSequencer {
	override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
		const place = ({ moduleId }: TestSpecification) => {
			const at = LONG.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
			return at === -1 ? LONG.length : at;
		};
		return (await super.sort(files)).sort((a, b) => place(a) - place(b));
	}
}

/** These hold a command to the seconds that it promises to end in: alone, when all others are done. */
const ALONE = ['test/e2e/start{,-dev,-ends}.test.ts'];

/** What this one tests changes what requests and addresses are for all of its process. */
const CHANGING = ['test/unit/relay-server.test.ts'];

/** One file per core. More would starve each other of their relays and browsers. */
const WORKERS = Math.min(availableParallelism(), 4);

/** @param testTimeout on a machine that is not slow, milliseconds */
const project = (name: string, testTimeout: number, more: object = {}) => ({
	test: {
		name,
		include: [`test/${name}/**/*.test.ts`],
		environment: 'node',
		testTimeout: patience(testTimeout),
		hookTimeout: patience(90_000),
		teardownTimeout: patience(10_000),
		// A condition that holds soon is waited for no longer than that.
		expect: { poll: { timeout: patience(20_000) } },
		// What builds does so in a copy of the repository.
		maxWorkers: WORKERS,
		// A process for each file would load again what the one before it had; those with a browser are given one of their own.
		isolate: false,
		...more,
	},
});

export default defineConfig({
	root: new URL('..', import.meta.url).pathname,
	test: {
		reporters: ['default', new OutcomeReporter()],
		sequence: { sequencer: LongestFirst },
		projects: [
			project('unit', 30_000, { exclude: CHANGING }),
			project('changing', 30_000, { include: CHANGING, isolate: true }),
			project('contract', 30_000),
			project('package', 120_000),
			project('relay', 90_000),
			project('e2e', 240_000, { exclude: ALONE, isolate: true }),
			project('alone', 120_000, { include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } }),
		],
	},
});
