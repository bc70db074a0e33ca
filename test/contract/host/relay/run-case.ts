// Runs one case of the log's contract inside the engine, on the storage that the engine gives.
// Knows how a case is named in a request; never knows an engine, nor what a case checks.
import type { KeyValueStorage } from '../../../../relay/log-storage.ts';
import { StorageLog } from '../../../../relay/log-storage.ts';
import { CHANGE_CASES } from '../../change-cases.ts';
import { CountingStorage } from '../../counting-storage.ts';
import { CASES, type LogHost } from '../../log-cases.ts';

/** An engine's storage, which can list all of it. */
export type EngineStorage = KeyValueStorage & {
	list(options?: { prefix?: string }): Promise<Map<string, unknown>>;
};

export async function runCase(request: Request, engineStorage: EngineStorage): Promise<Response> {
	const parameters = new URL(request.url).searchParams;
	const run = { ...CASES, ...CHANGE_CASES }[parameters.get('case') ?? ''];
	if (!run) return new Response('no such case', { status: 404 });
	const storage = new CountingStorage(engineStorage);
	const failures: unknown[] = [];
	const clock = { now: 1_800_000_000_000 };
	const host: LogHost = {
		clock,
		seed: Number(parameters.get('seed')),
		traffic: storage.traffic,
		async open(retention = {}) {
			const options = {
				retention: { entries: 100_000, ageMs: undefined, ...retention },
				clock: () => clock.now,
				createEpoch: () => 'k3f9a2',
			};
			const log = new StorageLog(storage, options, (error) => failures.push(error));
			await log.load();
			return log;
		},
		countStored: async (prefix) => (await engineStorage.list({ prefix })).size,
		search: async (text) => {
			const stored = await engineStorage.list();
			const holds = (value: unknown) => value instanceof Uint8Array && new TextDecoder().decode(value).includes(text);
			return [...stored].flatMap(([key, value]) => (holds(value) ? [key] : []));
		},
		settle: () => storage.settle(),
	};
	try {
		await run(host);
		await storage.settle();
		if (failures.length > 0) throw failures[0];
		return new Response('passed');
	} catch (error) {
		return new Response(error instanceof Error ? (error.stack ?? error.message) : String(error), { status: 500 });
	}
}
