// The tests that run in Node: which files, how long, how many at once, in which order. Knows no test.
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

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

/** These hold a command to the seconds that it promises to end in, which nobody else should take from it: alone, when all others are done. */
const ALONE = ['test/e2e/{start,start-dev}.test.ts'];

/** What this one tests changes what requests and addresses are for all of its process. */
const CHANGING = ['test/unit/relay-server.test.ts'];

const project = (name: string, testTimeout: number, more: object = {}) => ({
	test: {
		name,
		include: [`test/${name}/**/*.test.ts`],
		environment: 'node',
		testTimeout,
		hookTimeout: 90_000,
		teardownTimeout: 10_000,
		// A condition that holds soon is waited for no longer than that; a machine that is slow is no failure.
		expect: { poll: { timeout: 20_000 } },
		// Much of what they do is waiting: for one more than the least machine has cores. What builds does so in a copy of the repository.
		maxWorkers: 3,
		// A process for each file would load again what the one before it had; those with a browser are given one of their own.
		isolate: false,
		...more,
	},
});

export default defineConfig({
	root: new URL('..', import.meta.url).pathname,
	test: {
		sequence: { sequencer: LongestFirst },
		projects: [
			project('unit', 20_000, { exclude: CHANGING }),
			project('changing', 20_000, { include: CHANGING, isolate: true }),
			project('contract', 15_000),
			project('package', 120_000),
			project('relay', 30_000),
			project('e2e', 240_000, { exclude: ALONE, isolate: true }),
			project('alone', 120_000, { include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 } }),
		],
	},
});
