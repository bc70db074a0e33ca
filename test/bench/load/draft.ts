// Events as a busy shop would publish them: no two alike, and not made to be deflated well.
// Knows words and chance; never knows who publishes them.
import { createRandom } from '../../support/random.ts';
import type { Draft } from '../contenders/contender.ts';

const VERBS = ['opened', 'closed', 'paid', 'refunded', 'moved', 'renamed', 'shared', 'deleted', 'restored', 'reviewed'];
const THINGS = ['order', 'invoice', 'ticket', 'page', 'report', 'deploy', 'session', 'upload', 'comment', 'account'];
const NAMES = ['ada', 'grace', 'linus', 'margaret', 'dennis', 'barbara', 'ken', 'radia', 'tim', 'hedy'];

const { pick, between } = createRandom(8);
const texts = Array.from(
	{ length: 8192 },
	() =>
		`${pick(NAMES)} ${pick(VERBS)} ${pick(THINGS)} ${between(10_000, 99_999)} of ${pick(NAMES)}, ${between(1, 999)} ms, ${between(1, 2 ** 31).toString(36)}`,
);

/** The `n`th of one publisher: about 110 bytes of JSON, and 200 with what a relay adds. */
export function createDraft(by: number, n: number): Draft {
	const at = Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000;
	return { text: texts[(n * 7 + by * 1031) % texts.length] as string, data: { by, n, at } };
}
