// The tests that run in Node: which files, how long, how many at once. Knows no test.
import { defineConfig } from 'vitest/config';

const project = (name: string, testTimeout: number, order: number) => ({
	test: {
		name,
		include: [`test/${name}/**/*.test.ts`],
		environment: 'node',
		testTimeout,
		hookTimeout: 90_000,
		teardownTimeout: 10_000,
		sequence: { groupOrder: order },
		// Only one of these looks at what is built, or measures time, at once.
		maxWorkers: order === 0 ? 2 : 1,
	},
});

export default defineConfig({
	root: new URL('..', import.meta.url).pathname,
	test: {
		projects: [
			project('unit', 5_000, 0),
			project('contract', 15_000, 0),
			project('package', 120_000, 1),
			project('relay', 30_000, 2),
			project('e2e', 120_000, 3),
		],
	},
});
