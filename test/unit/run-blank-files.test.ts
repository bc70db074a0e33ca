import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { removeBlankFiles } from '../../relay/run/blank-files.ts';
import { OBJECTS_FOLDER, UNIQUE_KEY } from '../../relay/run/workerd-config.ts';

const id = (digit: string) => digit.repeat(64);
const BLANK = Buffer.alloc(4096);
const WRITTEN = Buffer.alloc(8192);
let state = '';

beforeAll(() => {
	state = mkdtempSync(path.join(tmpdir(), 'live-feed-blank-'));
});
afterAll(() => rmSync(state, { recursive: true, force: true }));

it('[CHAN5] a start removes the databases that hold no table, and no others', () => {
	expect(removeBlankFiles(state)).toBe(0);
	const folder = path.join(state, OBJECTS_FOLDER, UNIQUE_KEY);
	mkdirSync(folder, { recursive: true });
	const files: Record<string, Buffer> = {
		[`${id('a')}.sqlite`]: BLANK,
		// An engine was killed while it had this open.
		...{ [`${id('b')}.sqlite`]: BLANK, [`${id('b')}.sqlite-wal`]: Buffer.alloc(0), [`${id('b')}.sqlite-shm`]: WRITTEN },
		[`${id('c')}.sqlite`]: Buffer.alloc(0),
	};
	const kept: Record<string, Buffer> = {
		[`${id('d')}.sqlite`]: WRITTEN,
		...{ [`${id('e')}.sqlite`]: BLANK, [`${id('e')}.mark`]: Buffer.from('\n') },
		// Its pages are still in the journal.
		...{ [`${id('f')}.sqlite`]: BLANK, [`${id('f')}.sqlite-wal`]: WRITTEN, [`${id('f')}.sqlite-shm`]: WRITTEN },
		'metadata.sqlite': BLANK,
	};
	for (const [name, content] of Object.entries({ ...files, ...kept })) writeFileSync(path.join(folder, name), content);
	expect(removeBlankFiles(state)).toBe(3);
	expect(readdirSync(folder).sort()).toEqual(Object.keys(kept).sort());
});
