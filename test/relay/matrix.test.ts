// Every cell of the authorisation matrix, against real relays.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cast, createCast } from '../matrix/callers.ts';
import { type Figures, runMatrix } from '../matrix/matrix.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const LEAST_CELLS = 300;
let cast: Cast;
let secured: TestRelay;
let open: TestRelay;
const lines: string[] = [];

beforeAll(async () => {
	cast = await createCast();
	const log = (line: string) => lines.push(line);
	secured = await startRelay({ vars: cast.vars.secured, log });
	open = await startRelay({ vars: cast.vars.open, log });
});
afterAll(async () => {
	await Promise.all([secured?.stop(), open?.stop()]);
});

it('[AUTH2] [AUTH3] [AUTH4] [AUTH5] [AUTH7] [AUTH8] [CHG5] [ONE1] [ONE2] [ORIG1] [ORIG2] [PRES8] [PRES10] [THR3] every cell of the tables gets its code and does what it says', async () => {
	const start = performance.now();
	const { cells, red, searched }: Figures = await runMatrix(
		{ secured: { url: secured.url, lines }, open: { url: open.url, lines } },
		cast,
	);
	const seconds = ((performance.now() - start) / 1000).toFixed(1);
	console.log(`matrix: ${cells} cells, ${red.size} red; ${searched} answers searched for internal text (${seconds} s)`);
	expect([...red].map(([cell, fault]) => `${cell}: ${fault}`)).toEqual([]);
	expect(cells).toBeGreaterThan(LEAST_CELLS);
});
