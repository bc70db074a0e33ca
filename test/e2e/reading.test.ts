// The short form of three scenarios in test/reading, in each browser. Without Firefox, its tests are skipped. `npm run test:reading` runs the long form.
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAnnouncements } from '../reading/announcements.ts';
import { BROWSERS, type BrowserName, launch, listBrowsers } from '../reading/browsers.ts';
import { runKeyboard } from '../reading/keyboard.ts';
import { KEPT_SHORT, type ReadingScenario } from '../reading/scenario.ts';
import { runStill } from '../reading/still.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

/** It waits for seconds to pass, and leaves the machine to the others meanwhile. */
const WAITING = runAnnouncements;
const SCENARIOS: [title: string, run: ReadingScenario][] = [
	['what is announced adds up to what came', WAITING],
	['a journey by keyboard alone leads to every row and out again', runKeyboard],
	['the row being read stays where it is, whatever comes', runStill],
];

const installed = listBrowsers();
/** One for all. `SEED=…` repeats one. */
const seed = Number(process.env.SEED) || Math.floor(Math.random() * 2 ** 31);
describe('reading is calm', () => {
	let relay: TestRelay;
	/** Two of each: what one waits for, the other does not wait behind. */
	const launched = new Map<string, Promise<Browser>>();
	beforeAll(async () => {
		relay = await startRelay({ vars: { LIVE_FEED_KEEP_ENTRIES: String(KEPT_SHORT) } });
	});
	afterAll(async () => {
		await Promise.all([...launched.values()].map(async (browser) => (await browser).close()));
		await relay?.stop();
	});

	for (const name of BROWSERS)
		describe.runIf(installed.includes(name)).concurrent(`in ${name}`, () => {
			it.each(SCENARIOS)('%s', (_, run) =>
				run === WAITING ? check(name, run, 'waiting') : inTurn(name, () => check(name, run, 'acting')),
			);
		});

	/** Browsers go side by side; in each of them, one scenario after the other. */
	const turns = new Map<BrowserName, Promise<void>>();
	function inTurn(name: BrowserName, run: () => Promise<void>): Promise<void> {
		const turn = (turns.get(name) ?? Promise.resolve()).then(run);
		turns.set(
			name,
			turn.catch(() => {}), // told by its own test
		);
		return turn;
	}

	async function check(name: BrowserName, run: ReadingScenario, which: string): Promise<void> {
		const browser = launched.get(`${name} ${which}`) ?? launch(name);
		launched.set(`${name} ${which}`, browser);
		const { lines, failures } = await run({ short: true, seed, name, relay, browser: await browser });
		console.log(lines.map((line) => `${name}: ${line}`).join('\n'));
		expect(failures, `SEED=${seed}`).toEqual([]);
	}
});
