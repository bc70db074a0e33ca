// Many viewers on one channel, in processes of their own, and what they have seen together.
// Knows processes; never knows sockets.
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { endChild } from '../contenders/program.ts';
import { keepEnding } from '../ending.ts';
import { addUp, type Seen } from './tally.ts';
import type { Asked, Order, Told } from './viewers.ts';

/** More of them than cores take turns, and each turn costs. */
const PROCESSES = Math.min(Math.max(availableParallelism(), 1), 4);
/** Of so many viewers one decodes every frame by himself. */
const SAMPLE_EVERY = 50;

export class Crowd {
	readonly #children: ChildProcess[];
	readonly stop: () => Promise<void>;

	private constructor(children: ChildProcess[]) {
		this.#children = children;
		this.stop = keepEnding(async () => {
			await Promise.all(children.map(endChild));
		});
	}

	static start(): Crowd {
		const script = fileURLToPath(new URL('viewers.ts', import.meta.url));
		return new Crowd(Array.from({ length: PROCESSES }, () => fork(script, { execArgv: ['--import', 'tsx'] })));
	}

	get pids(): number[] {
		return this.#children.flatMap(({ pid }) => pid ?? []);
	}

	/** Resolves when all of them are viewers. */
	async open(order: Omit<Order, 'sampleEvery' | 'atOnce'> & { sampleEvery?: number; atOnce?: number }): Promise<void> {
		const share = Math.floor(order.count / this.#children.length);
		const more = order.count % this.#children.length;
		await this.#ask((index) => ({
			what: 'open',
			order: { atOnce: 25, sampleEvery: SAMPLE_EVERY, ...order, count: share + (index < more ? 1 : 0) },
		}));
	}

	async forget(): Promise<void> {
		await this.#ask(() => ({ what: 'forget' }));
	}

	async tell(): Promise<ReturnType<typeof addUp>> {
		const seen = await this.#ask(() => ({ what: 'tell' }));
		return addUp(seen.filter(({ viewers }) => viewers > 0));
	}

	async close(): Promise<void> {
		await this.#ask(() => ({ what: 'close' }));
	}

	async #ask(asked: (index: number) => Asked): Promise<Seen[]> {
		const told = this.#children.map(
			(child, index) =>
				new Promise<Seen>((resolve, reject) => {
					const settle = (answer: Told) => {
						child.off('exit', onExit);
						if ('seen' in answer) resolve(answer.seen);
						else reject(new Error(answer.failure));
					};
					const onExit = () => reject(new Error('A process of viewers has ended.'));
					child.once('message', (message) => settle(message as Told));
					child.once('exit', onExit);
					child.send(asked(index));
				}),
		);
		return await Promise.all(told);
	}
}
