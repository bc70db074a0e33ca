// POST /channels/{channel}/events: drafts in, receipts out.
// Knows statuses and shapes of the answer; never knows how drafts are written or stored.
import type { Channel, Result, Submission } from '../channel.ts';
import type { Identity } from '../identity.ts';
import { ERRORS, FeedError, formatProblem } from '../protocol/errors.ts';
import { answerJson, answerProblem } from './answers.ts';
import { type Item, readBody } from './bodies.ts';

/** Publishes the drafts of a request and answers with their receipts, in their order. `onWrong` is told of those that are none. */
export async function answerPublish(
	channel: Channel,
	request: Request,
	who: Identity,
	onWrong: (error: FeedError) => void,
): Promise<Response> {
	const { items, isMany, bytes } = await readBody(request);
	for (const item of items) if ('error' in item) onWrong(item.error);
	const key = request.headers.get('idempotency-key');
	if (key !== null) addKey(items, isMany, key);
	const results = await publishAll(channel, items, Math.ceil(bytes / items.length), who);
	const [only] = results;
	if (!isMany && only) {
		if ('error' in only) return answerProblem(only.error);
		return answerJson({ epoch: channel.epoch, ...only.receipt }, 201);
	}
	const events = results.map((result) => ('error' in result ? { error: formatProblem(result.error) } : result.receipt));
	const errors = results.filter((result) => 'error' in result).map(({ error }) => error);
	const [first] = errors;
	if (first && errors.length === results.length) {
		return answerProblem(first, { status: ERRORS[first.code].status, epoch: channel.epoch, events });
	}
	return answerJson({ epoch: channel.epoch, events }, first ? 207 : 201);
}

/** The header is the key of the one event; a field of its own in the body says the same. */
function addKey(items: Item[], isMany: boolean, key: string): void {
	const [only] = items;
	if (isMany || !only || 'error' in only) {
		throw new FeedError('invalid-event', 'Idempotency-Key is for one event; of many, each has its own `key`.');
	}
	if (key.length > 64 || !/^[\x20-\x7e]+$/.test(key)) {
		throw new FeedError('invalid-event', 'Idempotency-Key has 1 to 64 printable ASCII characters.');
	}
	if (only.draft.key !== undefined && only.draft.key !== key) {
		throw new FeedError(
			'invalid-event',
			'Idempotency-Key and `key` are the same thing; give one of them, or the same.',
		);
	}
	only.draft.key = key;
}

/** `bytes` is what one of them has at about. */
function publishAll(channel: Channel, items: readonly Item[], bytes: number, who: Identity): Promise<Result[]> {
	const results = new Map<number, Result>();
	const drafts: Submission[] = [];
	for (const [ref, item] of items.entries()) {
		if ('error' in item) results.set(ref, { ref, error: item.error });
		else drafts.push({ ref, draft: item.draft, bytes });
	}
	return new Promise((resolve) => {
		const settle = (settled: readonly Result[]) => {
			for (const result of settled) results.set(result.ref, result);
			if (results.size < items.length) return;
			resolve([...results.values()].sort((a, b) => a.ref - b.ref));
		};
		if (drafts.length === 0) settle([]);
		else channel.publish({ settle }, drafts, who);
	});
}
