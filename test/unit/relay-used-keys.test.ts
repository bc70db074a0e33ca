// Used keys in memory of their own, held against a list that keeps all of them.
import { describe, expect, it } from 'vitest';
import type { UsedKey } from '../../relay/log.ts';
import { UsedKeys } from '../../relay/used-keys.ts';
import { createRandom, withSeed } from '../support/random.ts';

const use = (subject: string, key: string, seq: number): UsedKey => ({
	subject,
	key,
	digest: `d${seq}`,
	seq,
	time: seq,
});

describe('used keys', () => {
	it('[KEY2] are the newest, whatever their sizes and however often one comes again', () =>
		withSeed((seed) => {
			const random = createRandom(seed);
			const pad = ['', 'ä', '日本', '\u{1f600}'];
			for (const most of [1, 63, 64, 65, 1000, 3000]) {
				const keys = new UsedKeys(most);
				const all: UsedKey[] = [];
				const names = random.pick([most, 10 * most]);
				for (let round = 0; round < 20; round++) {
					for (let count = random.below(200); count > 0; count--) {
						const key = `${random.below(names)}${random.pick(pad).repeat(random.below(64))}`;
						all.push(use(random.pick(['', 'ada', 'ada\n1']), key, all.length));
						const bytes = keys.add(all.at(-1) as UsedKey);
						expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(all.at(-1));
					}
					const kept = new Map(all.slice(-most).map((used) => [`${used.subject}|${used.key}`, used]));
					for (const { subject, key } of all.slice(-2 * most))
						if (keys.find(subject, key)?.seq !== kept.get(`${subject}|${key}`)?.seq)
							expect(keys.find(subject, key)).toEqual(kept.get(`${subject}|${key}`));
				}
			}
		}));

	it('[KEY2] keep a subject and a key apart', () => {
		const keys = new UsedKeys(10);
		keys.add(use('ada', '\nx', 1));
		expect([keys.find('ada\n', 'x'), keys.find('ada', 'x'), keys.find('', 'ada\n\nx')]).toEqual([
			undefined,
			undefined,
			undefined,
		]);
		expect(keys.find('ada', '\nx')?.seq).toBe(1);
	});
});
