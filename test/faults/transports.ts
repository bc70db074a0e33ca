// With WebSockets blocked a panel goes live by itself, by what gets through, and climbs back when they are not.
// Knows a panel behind the fault proxy; never knows how a transport works.
import type { Page, Request } from 'playwright-core';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { startRelay } from '../support/relay.ts';
import { openPages, waitUntilLive } from './pages.ts';
import { type Connection, type Faults, startProxy } from './proxy.ts';
import { type ScenarioOptions, type ScenarioResult, since, until } from './scenario.ts';

const CHANNEL = 'blocked';
const isSocket = ({ via }: Connection) => via === 'websocket';

const BLOCKED: { name: string; faults: Partial<Faults>; isIt: (request: Request) => boolean }[] = [
	{
		name: 'server-sent events',
		faults: { refuseUpgrades: true },
		isIt: (request) => request.headers().accept === 'text/event-stream',
	},
	{
		name: 'long polling',
		faults: { refuseUpgrades: true, holdStreams: true },
		isIt: (request) => request.url().includes('wait=25'),
	},
];
/** A middlebox that opens sockets and passes nothing of what the relay says. */
const MUTE: (typeof BLOCKED)[number] = {
	name: 'server-sent events',
	faults: { message: () => 'drop' },
	isIt: (request) => request.headers().accept === 'text/event-stream',
};

/** Each line by itself, behind a proxy of its own, and all at once: most of it is waiting for what a client gives a line. */
export async function runTransports({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const failures: string[] = [];
	const relay = await startRelay({ vars: {} });
	const pages = await openPages();
	try {
		const cases = short ? BLOCKED : [...BLOCKED, MUTE];
		return { lines: await Promise.all(cases.map(goLive)), failures };
	} finally {
		await pages.close();
		await relay.stop();
	}

	async function goLive({ name, faults, isIt }: (typeof BLOCKED)[number], index: number): Promise<string> {
		const proxy = await startProxy(Number(new URL(relay.url).port));
		try {
			proxy.set(faults);
			const began = performance.now();
			const page = await pages.open(`<live-feed channel="${CHANNEL}-${index}" relay="${proxy.url}"></live-feed>`);
			let newest: Request | undefined;
			page.on('request', (request) => {
				if (request.url().includes('/events?')) newest = request;
			});
			const isBy = () => newest !== undefined && isIt(newest) && (index === 2 || !proxy.connections.some(isSocket));
			await waitUntilLive(page);
			const liveAfter = since(began);
			if (!(await until(() => isBy(), 5000))) failures.push(`it is live, and not by ${name}`);
			let published = await publish(page, 0, 20);

			newest = undefined;
			let upgrades = 0;
			page.on('websocket', () => upgrades++);
			await page.reload();
			const reloaded = performance.now();
			await waitUntilLive(page);
			const remembered = since(reloaded);
			if (!(await until(() => isBy(), 5000))) failures.push(`after a reload it is live, and not by ${name}`);
			if (upgrades > 0) failures.push(`the tab does not remember: ${upgrades} sockets tried after a reload`);

			proxy.heal();
			const healed = performance.now();
			// The full form waits for the client's own attempt; a change of networks makes it try at once.
			if (short) await page.evaluate(() => void window.dispatchEvent(new Event('online')));
			const isUp = await until(() => proxy.connections.some(isSocket), 90_000);
			if (!isUp) failures.push(`from ${name} it did not climb back to a WebSocket`);
			const climbedAfter = since(healed);
			await waitUntilLive(page);
			published = await publish(page, published, 20);
			const complete = await until(async () => (await readNumbers(page)).length >= published, 10_000);
			const numbers = await readNumbers(page);
			if (!complete || numbers.some((n, at) => n !== at + 1)) failures.push(`${name}: saw ${numbers.join()}`);
			await page.close();
			return (
				`WebSocket ${['blocked', 'blocked and streams held back', 'open but mute'][index]}: live by ${name} after ${liveAfter.toFixed(1)} s, after a reload in ${remembered.toFixed(1)} s; ` +
				`back on a WebSocket ${climbedAfter.toFixed(1)} s after it was unblocked; ${numbers.length} of ${published} events, once and in order`
			);
		} finally {
			await proxy.stop();
		}
	}
}

/** The element publishes, one after the other; answers how many there are now. */
async function publish(page: Page, from: number, count: number): Promise<number> {
	return page.evaluate(
		async ([first, more]) => {
			const feed = document.querySelector<LiveFeed>('live-feed');
			for (let n = first + 1; n <= first + more; n++) await feed?.publish('count', { data: n });
			return first + more;
		},
		[from, count] as const,
	);
}

function readNumbers(page: Page): Promise<number[]> {
	return page.evaluate(
		() => document.querySelector<LiveFeed>('live-feed')?.events.map(({ data }) => Number(data)) ?? [],
	);
}
