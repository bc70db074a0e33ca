// The short form of the work of test/work, a hundredth of it.
import { expect, it } from 'vitest';
import { SHORT, work } from '../work/work.ts';

it('[LOG5] [CHG9] [CHG10] reactions and statuses leave all events in place, and who was away ends right', async () => {
	const { lines, failures } = await work(SHORT);
	console.log(lines.join('\n'));
	expect(failures).toEqual([]);
});
