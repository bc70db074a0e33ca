// What is published where it does not matter what it says: rows of every height, of other days, with pictures and links.
// Knows drafts; never knows who publishes them.
import type { Draft } from '../../relay/protocol/event.ts';
import type { Random } from '../support/random.ts';
import type { Site } from './site.ts';

const WORDS =
	'deploy of the payment service to the second region has finished after three retries because one of its replicas was late'.split(
		' ',
	);
const NAMES = ['Ada Lovelace', 'Grace Hopper', 'Tim', 'build-bot'];
const DAY_MS = 86_400_000;
/** One in so many is of another day, has a picture (each so many, so that some are near wherever one reads), is an error. */
const [OTHER_DAY, PICTURE, ERROR] = [25, 6, 20];

/** Texts of 1 to 30 lines. */
export function writeText(random: Random): string {
	const lines = random.below(3) > 0 ? 1 : random.between(2, 30);
	return Array.from({ length: lines }, () => {
		const words = Array.from({ length: random.between(2, 18) }, () => random.pick(WORDS));
		return words.join(' ');
	}).join('\n');
}

/** Makes the nth draft; with a site, every sixth has a picture of it that is 200 to 320 pixels high. */
export function createDrafts(random: Random, site: Site | undefined, prefix: string): (n: number) => Draft {
	return (n) => ({
		type: random.pick(['deploy.done', 'message', 'query.slow']),
		// One without a text is as low as a row can be.
		...(random.below(8) === 0 ? {} : { text: `event ${n} ${writeText(random)}` }),
		actor: { name: random.pick(NAMES) },
		...(random.below(ERROR) === 0 ? { level: 'error' as const } : {}),
		...(random.below(4) === 0 ? { url: 'https://example.org/log' } : {}),
		...(random.below(OTHER_DAY) === 0 ? { at: Date.now() - random.between(1, 9) * DAY_MS } : {}),
		...(site && n % PICTURE === 0
			? { data: { picture: site.picture(160, random.between(200, 320), `${prefix}-${n}`) } }
			: {}),
	});
}
