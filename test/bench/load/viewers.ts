// A process of many viewers on one channel, started by crowd.ts: opens them, and says what they have seen.
// Knows what it is asked; never knows what is measured with it.
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { ERRORS } from '../../../relay/protocol/errors.ts';
import { findContender } from '../contenders/index.ts';
import { KnownFrames } from './known-frames.ts';
import { type Seen, Tally } from './tally.ts';
import { RefusedError, Viewer, type ViewerOptions } from './viewer.ts';

/** What it is asked, one at a time. */
export type Asked = { what: 'open'; order: Order } | { what: 'forget' | 'tell' | 'close' };

export interface Order {
	contender: string;
	port: number;
	channel: string;
	count: number;
	/** One of so many decodes every frame by himself. */
	sampleEvery: number;
	after?: string;
	/** How many connect at the same time. */
	atOnce: number;
}

export type Told = { seen: Seen } | { failure: string };

const tally = new Tally();
const known = new KnownFrames();
const viewers: Viewer[] = [];

async function open({ contender, count, sampleEvery, atOnce, after, ...where }: Order): Promise<void> {
	const { dialect } = findContender(contender);
	let begun = 0;
	// Who came first is sent first, and would speak for nobody else.
	const middle = Math.min(sampleEvery, count) >> 1;
	const openSome = async () => {
		while (begun < count) {
			const isSample = begun++ % sampleEvery === middle;
			viewers.push(await openAtLast({ ...where, dialect, isSample, after, tally, known }));
		}
	};
	await Promise.all(Array.from({ length: Math.min(atOnce, count) }, openSome));
}

/** Where a relay is too full for him, or was too busy to read his hello in time. */
const LATER: readonly (number | undefined)[] = [ERRORS['relay-full'].close, ERRORS['hello-timeout'].close];

/** Who is told to come later does, as late as the panel would (`FIRST_RETRY_MS` of widget/client). */
async function openAtLast(options: ViewerOptions): Promise<Viewer> {
	for (let attempt = 0; ; attempt++) {
		try {
			return await Viewer.open(options);
		} catch (error) {
			if (!(error instanceof RefusedError && LATER.includes(error.code))) throw error;
			tally.refusals++;
			await delay(Math.random() * Math.min(1000 * 2 ** attempt, 8000));
		}
	}
}

async function answer(asked: Asked): Promise<Told> {
	try {
		if (asked.what === 'open') await open(asked.order);
		else if (asked.what === 'forget') {
			tally.forget();
			for (const viewer of viewers) viewer.count = 0;
		} else if (asked.what === 'close') {
			for (const viewer of viewers.splice(0)) viewer.close();
			tally.forget();
		}
		return { seen: tally.tell(viewers.map(({ count }) => count)) };
	} catch (error) {
		return { failure: error instanceof Error ? error.message : String(error) };
	}
}

process.on('message', async (asked: Asked) => process.send?.(await answer(asked)));
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {}); // whoever started it ends it
