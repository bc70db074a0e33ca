// What a screen reader is told: numbers that add up to what came, soon and seldom, and nothing of what was there before.
// Knows the panel's status and what was published; never knows how a panel counts.
import { group, pause, until } from '../faults/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { Panel } from './panel.ts';
import { Publisher } from './publisher.ts';
import { few, type ReadingOptions, type ReadingResult } from './scenario.ts';
import { startSite } from './site.ts';

const RATE = 100;
const FIRST_MS = 6000;
/** At most one in five seconds; a timer may be early by this much. */
const APART_MS = 5000;
const TIMER_MS = 60;
const ERRORS_EVERY = 40;

/** A text of the status, as it came. */
interface Said {
	text: string;
	/** By `Date.now()`. */
	at: number;
	/** Live events that had come by then. */
	live: number;
}

export async function runAnnouncements({
	short,
	seed,
	name,
	browser,
	relay: given,
}: ReadingOptions): Promise<ReadingResult> {
	const seconds = short ? 7 : 60;
	const quietMs = short ? 1500 : 7000;
	const relay = given ?? (await startRelay());
	const site = await startSite();
	const failures: string[] = [];
	let line = '';
	try {
		const channel = `announcements-${name}-${seed}-${Date.now()}`;
		const publisher = new Publisher(relay.url, channel);
		const draft = (n: number) => ({
			text: `event ${n}`,
			...(n % ERRORS_EVERY === 0 ? { level: 'error' as const } : {}),
		});
		const history = 60;
		await publisher.publish(Array.from({ length: history }, (_, n) => draft(n + 1)));
		const panel = await Panel.open(browser, site, `channel="${channel}" relay="${relay.url}"`);
		await listen(panel);
		await panel.waitUntilLive();
		await panel.waitUntilReceived(history);
		await pause(quietMs);
		const ofHistory = await readSaid(panel);
		if (ofHistory.length > 0)
			failures.push(`of history was said: ${ofHistory.map(({ text }) => `"${text}"`).join(', ')}`);

		const begin = Date.now();
		const total = seconds * RATE;
		await publisher.publishAt(RATE, total, (n) => draft(history + n));
		await panel.waitUntilReceived(publisher.last);
		const errors = Array.from({ length: total }, (_, n) => history + n + 1).filter(
			(n) => n % ERRORS_EVERY === 0,
		).length;
		const isAll = await until(async () => add(await readSaid(panel)).events >= total, APART_MS * 2);
		const said = await readSaid(panel);
		const sum = add(said);
		const { live } = await panel.readEvents();
		if (live !== total) failures.push(`${total} events were published, and the panel was told of ${live}`);
		if (!(await hasStatus(panel))) failures.push('there is no [role=status] in the panel');
		if (!isAll || sum.events !== total)
			failures.push(`${group(total)} events came, and the numbers add up to ${group(sum.events)}`);
		if (sum.errors !== errors) failures.push(`${errors} errors came, and their numbers add up to ${sum.errors}`);
		let before = 0;
		let [at, apart] = [0, Number.POSITIVE_INFINITY];
		for (const one of said) {
			before += parse(one.text).events;
			if (before > one.live) failures.push(`"${one.text}" makes ${before}, when ${one.live} had come`);
			if (at > 0) apart = Math.min(apart, one.at - at);
			at = one.at;
		}
		const firstMs = (said[0]?.at ?? Number.POSITIVE_INFINITY) - begin;
		if (firstMs > FIRST_MS) failures.push(`the first was said after ${(firstMs / 1000).toFixed(1)} s`);
		if (apart < APART_MS - TIMER_MS) failures.push(`two were said within ${(apart / 1000).toFixed(2)} s`);

		await panel.page.evaluate(() => document.querySelector('live-feed')?.pause());
		const soFar = said.length;
		const pausedMs = short ? 6000 : 12_000;
		await publisher.publishAt(RATE, (pausedMs / 1000) * RATE, (n) => draft(history + total + n));
		await panel.waitUntilReceived(publisher.last);
		const whilePaused = (await readSaid(panel)).slice(soFar);
		if (whilePaused.length > 0)
			failures.push(`while paused was said: ${few(whilePaused.map(({ text }) => `"${text}"`)).join(', ')}`);
		failures.push(...few(panel.errors));
		line = `${group(total)} events in ${seconds} s: ${said.length} announcements add up to ${group(sum.events)} new, ${sum.errors} errors (${errors} came); the first after ${(firstMs / 1000).toFixed(1)} s, ${(apart / 1000).toFixed(2)} s apart at the least; ${ofHistory.length} of history, ${whilePaused.length} while paused; ${few(
			said.map(({ text }) => `"${text}"`),
			3,
		).join(' ')}`;
		await panel.close();
	} finally {
		if (!given) await relay.stop();
		await site.close();
	}
	return { lines: [line], failures };
}

/** Keeps each text that the status is given, whenever the status itself comes. */
async function listen(panel: Panel): Promise<void> {
	await panel.page.evaluate(() => {
		const said: Said[] = [];
		Object.assign(globalThis, { said });
		const root = document.querySelector('live-feed')?.shadowRoot;
		if (!root) throw new Error('there is no panel');
		new MutationObserver((changes) => {
			const told = (globalThis as unknown as { told: { live: number } }).told;
			const statuses = new Set<Element>();
			for (const { target, addedNodes } of changes) {
				const element = target instanceof Element ? target : target.parentElement;
				const status = element?.closest('[role=status]');
				if (status) statuses.add(status);
				// One that comes with its text already in it is read by no screen reader, and is a fault that the sum shows.
				for (const node of addedNodes)
					if (node instanceof Element && node.matches('[role=status]')) statuses.delete(node);
			}
			for (const status of statuses) {
				const text = status.textContent?.trim() ?? '';
				if (text) said.push({ text, at: Date.now(), live: told.live });
			}
		}).observe(root, { childList: true, characterData: true, subtree: true });
	});
}

function readSaid(panel: Panel): Promise<Said[]> {
	return panel.page.evaluate(() => (globalThis as unknown as { said: Said[] }).said);
}

function hasStatus(panel: Panel): Promise<boolean> {
	return panel.page.evaluate(
		() => document.querySelector('live-feed')?.shadowRoot?.querySelector('[role=status]') !== null,
	);
}

function add(said: readonly Said[]): { events: number; errors: number } {
	const sum = { events: 0, errors: 0 };
	for (const { text } of said) {
		sum.events += parse(text).events;
		sum.errors += parse(text).errors;
	}
	return sum;
}

/** `1,214 new, 2 errors`. */
function parse(text: string): { events: number; errors: number } {
	const [, events = '0', errors = '0'] = /^([\d,]+) new(?:\D+([\d,]+) errors?)?/.exec(text) ?? [];
	return { events: Number(events.replaceAll(',', '')), errors: Number(errors.replaceAll(',', '')) };
}
