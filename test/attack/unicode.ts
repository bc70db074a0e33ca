// Text that is no Unicode: a sender publishes half of a surrogate pair in every field, on every way, and readers read a page.
// Knows what of it readers get; never knows how a relay mends it.
import { group, type ScenarioOptions, type ScenarioResult } from '../faults/scenario.ts';
import { createLoneDraft, findLone, readAllWays, sendLone } from '../support/lone-surrogates.ts';
import { startRelay } from '../support/relay.ts';

/** What a page of a channel has in the report of this attack. */
const EVENTS = 300;
/** Entries that `sendLone` leaves: events and changes. */
const ENTRIES = 12;
/** A lone surrogate as JSON has it: an escape behind an even number of backslashes. Many parsers refuse the whole text. */
const ESCAPE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/g;

export async function runUnicode({ short }: ScenarioOptions): Promise<ScenarioResult> {
	const relay = await startRelay({ vars: {} });
	try {
		const failures: string[] = [];
		const outcomes = await sendLone(relay.url, 'ways');
		const broken = outcomes.filter(({ answer }) => findLone(answer).length > 0).map(({ way }) => way);
		if (broken.length > 0) failures.push(`answers with lone surrogates: ${broken.join(', ')}`);
		const ways = await readAllWays(relay.url, 'ways', ENTRIES);
		const open = [...ways].filter(([, value]) => findLone(value).length > 0).map(([way]) => way);
		if (open.length > 0) failures.push(`lone surrogates by ${open.join(', ')}`);

		const url = `${relay.url}/channels/page/events`;
		const rounds = short ? 1 : 10;
		const clean = Array.from({ length: EVENTS - 1 }, (_, n) => ({ text: `event ${n}` }));
		let escapes = 0;
		let readable = 0;
		for (let round = 0; round < rounds; round++) {
			const body = JSON.stringify([...clean, createLoneDraft()]);
			const posted = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
			if (posted.status !== 201) failures.push(`the events are answered with ${posted.status}`);
			await posted.arrayBuffer();
			const page = await (await fetch(`${url}?limit=${EVENTS}`)).text();
			const found = page.match(ESCAPE)?.length ?? 0;
			const { events } = JSON.parse(page) as { events: unknown[] };
			escapes += found;
			if (found === 0 && events.length === EVENTS && findLone(events).length === 0) readable++;
		}
		if (readable < rounds) failures.push(`${group(rounds - readable)} of ${group(rounds)} pages have lone surrogates`);
		return {
			lines: [
				`pages of ${group(EVENTS)} events, one of which was published with lone surrogates: ${group(readable)} of ${group(rounds)} can be read by every JSON parser, lone surrogates in them: ${group(escapes)}; 10 in each on 2d48d35, of which PHP, jq and Perl read nothing`,
				`${group(outcomes.length)} ways in: ${group(broken.length)} answers with lone surrogates, 4 on 2d48d35; ${group(ways.size)} ways of reading: ${group(open.length)} with them, 9 on 2d48d35`,
			],
			failures,
		};
	} finally {
		await relay.stop();
	}
}
