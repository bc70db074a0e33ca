// A relay and a browser for one test file, there before its first test and gone after its last.
// Knows both ends of their lives; never knows what they are used for.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { launch } from './browser.ts';
import { type RelayOptions, startRelay, type TestRelay } from './relay.ts';

export interface Stage {
	relay: TestRelay;
	browser: Browser;
}

/** To be called where tests are described; filled in when they run. */
export function setStage(options: RelayOptions = {}): Stage {
	const stage = {} as Stage; // filled in before the first test can look
	beforeAll(async () => {
		[stage.relay, stage.browser] = await Promise.all([startRelay(options), launch()]);
	});
	afterAll(async () => {
		await stage.browser?.close();
		await stage.relay?.stop();
	});
	return stage;
}
