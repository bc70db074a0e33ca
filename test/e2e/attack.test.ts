// The short form of the attacks in test/attack. `npm run test:attack` runs the long form.
import { existsSync } from 'node:fs';
import { describe, it } from 'vitest';
import { ATTACKS } from '../attack/attacks.ts';
import { loadScenario } from '../support/run-scenarios.ts';
import { expectToHold } from '../support/short-form.ts';

const FOLDER = new URL('../attack/', import.meta.url);
const files = Object.entries(ATTACKS)
	.map(([name, title]) => [title, new URL(`${name}.ts`, FOLDER)] as const)
	.filter(([, file]) => existsSync(file));

describe('under attack', () => {
	it.each(files)('%s', async (_, { pathname }) => expectToHold(await loadScenario(pathname)));
});
