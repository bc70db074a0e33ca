// What a page pays in bytes: until its first live row, and for the client without a panel.
// Knows the budgets; never knows how bytes are counted.

import { buildPackage, buildSite } from '../../../widget/build/build.ts';
import { group } from '../../faults/scenario.ts';
import { launch } from '../../support/browser.ts';
import { CLIENT_BUDGET_BYTES, FIRST_ROW_BUDGET_BYTES } from '../../support/budgets.ts';
import { bundle } from '../../support/bundle.ts';
import { measureFirstRow } from '../../support/first-row.ts';
import { startRelay } from '../../support/relay.ts';
import type { Measure, Row } from '../measure.ts';

const about = { measure: 'script', who: 'live-feed' };
const bytes = (count: number) => `${group(count)} bytes`;

export const script: Measure = {
	name: 'script',
	async run({ say }) {
		await buildSite();
		await buildPackage();
		say('script: built');
		return [await measurePage(), await measureClient()];
	},
};

async function measurePage(): Promise<Row> {
	const [relay, browser] = await Promise.all([startRelay({ vars: {} }), launch()]);
	try {
		const { all, script: own, parts, html, frames, headers } = await measureFirstRow(browser, relay.url);
		return {
			...about,
			load: 'until the first live row, one script tag, gzip',
			figure: `${bytes(all)}: script ${bytes(own)}, other parts ${bytes(parts)}, page ${bytes(html)}, WebSocket ${bytes(frames)}; headers beside that ${bytes(headers)}`,
			values: { all, script: own, parts, html, frames, headers },
			goal: { text: bytes(FIRST_ROW_BUDGET_BYTES), isMet: all <= FIRST_ROW_BUDGET_BYTES },
		};
	} finally {
		await browser.close();
		await relay.stop();
	}
}

async function measureClient(): Promise<Row> {
	const first = await bundle('client.js', 'connect', { isFirst: true });
	const all = await bundle('client.js', 'connect');
	return {
		...about,
		load: 'headless client in a bundle, gzip',
		figure: `${bytes(first.bytes)}, and ${bytes(all.bytes)} with what it loads once something goes wrong`,
		values: { first: first.bytes, all: all.bytes },
		goal: { text: bytes(CLIENT_BUDGET_BYTES), isMet: first.bytes <= CLIENT_BUDGET_BYTES },
	};
}
