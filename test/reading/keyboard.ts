// A journey by keyboard alone, from the link before the panel to the link after it.
// Knows each key and what has focus then; never knows how a panel listens.
import type { KeyInput } from 'puppeteer-core';
import { until } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { type Focus, ORDERS, type Order, Panel } from './panel.ts';
import { Publisher } from './publisher.ts';
import type { ReadingOptions, ReadingResult } from './scenario.ts';
import { type Site, startSite } from './site.ts';

const EVENTS = 30;
/** Buttons, links and rows that Tab may stop at within a panel. */
const MOST_STOPS = 15;

export async function runKeyboard({ seed, browser, relay: given }: ReadingOptions): Promise<ReadingResult> {
	const relay = given ?? (await startRelay());
	const site = await startSite();
	const lines: string[] = [];
	const failures: string[] = [];
	try {
		for (const order of ORDERS) {
			const channel = `keyboard-${seed}-${order}-${Date.now()}`;
			const publisher = new Publisher(relay.url, channel);
			await publisher.publish(Array.from({ length: EVENTS }, (_, n) => ({ text: `event ${n + 1}` })));
			const journey = await travel({ browser, site, relay: relay.url, channel, order });
			lines.push(`${order}: ${journey.steps.join(' · ')}`);
			failures.push(...journey.failures.map((failure) => `${order}: ${failure}`));
		}
	} finally {
		if (!given) await relay.stop();
		await site.close();
	}
	return { lines, failures };
}

async function travel(given: {
	browser: ReadingOptions['browser'];
	site: Site;
	relay: string;
	channel: string;
	order: Order;
}): Promise<{ steps: string[]; failures: string[] }> {
	const { browser, site, relay, channel, order } = given;
	const steps: string[] = [];
	const failures: string[] = [];
	const panel = await Panel.open(browser, site, `channel="${channel}" relay="${relay}" order="${order}"`);
	try {
		await panel.waitUntilLive();
		await panel.waitUntilReceived(EVENTS);
		await panel.waitUntilDrawn(EVENTS / 2);
		await panel.settle();
		const below = order === 'newest-first' ? -1 : 1;
		const [top, bottom] = order === 'newest-first' ? [EVENTS, 1] : [1, EVENTS];

		const describe = ({ kind, seq, says, isInDialog }: Focus) =>
			`${isInDialog ? 'dialog: ' : ''}${kind}${kind === 'row' ? ` ${seq}` : ''} "${says.split('\n')[0]?.slice(0, 24)}"`;
		const press = async (key: KeyInput): Promise<Focus> => {
			await panel.press(key);
			await panel.settle();
			const focus = await panel.readFocus();
			steps.push(`${key} → ${describe(focus)}`);
			return focus;
		};
		/** Has this row focus, says it what it should, and can one see both? */
		const expectRow = (key: string, focus: Focus, seq: number) => {
			if (focus.kind !== 'row' || focus.seq !== seq)
				failures.push(`${key} leads to ${describe(focus)}, not to row ${seq}`);
			else {
				if (!focus.says.includes(`event ${seq}`)) failures.push(`${key}: row ${seq} says "${focus.says}"`);
				if (!focus.isInView) failures.push(`${key}: row ${seq} is not in view`);
				if (!focus.isRinged) failures.push(`${key}: nothing around row ${seq} shows that it has focus`);
			}
		};

		await panel.page.evaluate(() => document.getElementById('before')?.focus());
		let focus = await panel.readFocus();
		for (let stop = 0; focus.kind !== 'row' && stop < MOST_STOPS; stop++) {
			focus = await press('Tab');
			if (focus.kind === '#after') break;
			if (focus.kind === 'button' && !focus.isRinged)
				failures.push(`Tab: nothing around the button "${focus.says}" shows that it has focus`);
			if (focus.kind === 'button' && !focus.says) failures.push('Tab: a button has no name');
		}
		if (focus.kind !== 'row') return { steps, failures: [...failures, 'Tab reaches no row'] };
		// Whichever row that is: the journey is the same from all that have one below.
		let here = focus.seq ?? 0;
		expectRow('Tab', focus, here);
		if (here === bottom) {
			focus = await press('k');
			expectRow('k', focus, here - below);
			here -= below;
		}
		expectRow('j', await press('j'), here + below);
		expectRow('k', await press('k'), here);
		expectRow('ArrowDown', await press('ArrowDown'), here + below);
		expectRow('ArrowUp', await press('ArrowUp'), here);

		const selected = (await panel.readEvents()).selected.length;
		expectRow('Enter', await press('Enter'), here);
		const { selected: seqs } = await panel.readEvents();
		if (seqs.length !== selected + 1 || seqs.at(-1) !== here)
			failures.push(`Enter on row ${here}: live-feed-select told of ${seqs.slice(selected).join() || 'nothing'}`);
		const isSelected = await panel.page.evaluate((seq) => {
			const row = document.querySelector('live-feed')?.shadowRoot?.querySelector(`[data-seq="${seq}"]`);
			return row?.getAttribute('aria-current') === 'true' && row.part.contains('row-selected');
		}, here);
		if (!isSelected) failures.push(`Enter: row ${here} is not shown as selected`);

		expectRow('End', await press('End'), bottom);
		expectRow('Home', await press('Home'), top);

		for (const isPaused of [true, false]) {
			expectRow('p', await press('p'), top);
			const state = await panel.page.evaluate(() => {
				const feed = document.querySelector('live-feed');
				return {
					paused: feed?.paused,
					words: feed?.shadowRoot?.querySelector('[part~=state]')?.textContent?.trim() ?? '',
				};
			});
			steps.push(`(${state.words})`);
			if (state.paused !== isPaused || /^paused/i.test(state.words) !== isPaused)
				failures.push(`p: paused is ${state.paused}, and the header says "${state.words}"`);
		}

		const isOpen = () =>
			panel.page.evaluate(
				() => document.querySelector('live-feed')?.shadowRoot?.querySelector('dialog[open]') !== null,
			);
		focus = await press('?');
		if (!(await until(isOpen, 3000))) failures.push('?: no dialog opened');
		else {
			focus = await panel.readFocus();
			if (!focus.isInDialog) failures.push(`?: focus is on ${describe(focus)}, not in the dialog`);
			focus = await press('Escape');
			if (await isOpen()) failures.push('Escape: the dialog is still open');
			expectRow('Escape', focus, top);
		}

		for (let stop = 0; focus.kind !== '#after' && stop < MOST_STOPS; stop++) focus = await press('Tab');
		if (focus.kind !== '#after') failures.push(`Tab does not lead out of the panel, but to ${describe(focus)}`);
		focus = await press('Escape');
		if (focus.kind !== '#after') failures.push(`Escape outside of the panel leads to ${describe(focus)}`);
		failures.push(...panel.errors);
		return { steps, failures };
	} finally {
		await panel.close();
	}
}
