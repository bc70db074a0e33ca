import { describe, expect, it } from 'vitest';
import { FIRST_ROW_BUDGET_BYTES } from '../support/budgets.ts';
import { measureFirstRow } from '../support/first-row.ts';
import { setStage } from '../support/stage.ts';

describe('the five-line page', () => {
	const stage = setStage();

	it(`takes at most ${FIRST_ROW_BUDGET_BYTES} bytes of the network until its first live row is painted`, async () => {
		const { all, script, parts, html, frames, headers } = await measureFirstRow(stage.browser, stage.relay.url);
		console.log(
			`${all} bytes until the first live row: script ${script}, other parts ${parts}, page ${html}, WebSocket ${frames}; headers beside that ${headers}`,
		);
		expect(script).toBeGreaterThan(10_000);
		expect(all).toBeLessThanOrEqual(FIRST_ROW_BUDGET_BYTES);
	});
});
