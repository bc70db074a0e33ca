// Damage: the files of channels are cut, overwritten, emptied and removed, while the relay is down and while it runs. Each such
// channel is named in the log, can be emptied, and is the same as a new one afterwards; the others notice nothing.
// Knows the files of workerd; never knows how a relay finds out.
import path from 'node:path';
import { chooseEngine } from '../../relay/run/engine.ts';
import { group, type ScenarioOptions, type ScenarioResult } from '../faults/scenario.ts';
import { ask } from '../support/ask.ts';
import { startRelay } from '../support/relay.ts';
import { DAMAGES, type Damage, damage, findFile } from '../support/state-files.ts';

/** What the same files came to on the commit that the attack was found on. */
const BEFORE =
	'on 2d48d35, which ran on PartyKit: of 4 channels 0 named, 0 emptied by DELETE (500, 503, 404 and 404); 42, 180, 9 and 0 lines in the log for 20 requests';
/** Requests for each damaged channel. */
const ASKED = 20;

interface Line {
	channel?: string;
	file?: string;
	storage?: string;
	fault?: string;
}

export async function runDamage({ short, seed }: ScenarioOptions): Promise<ScenarioResult> {
	if (chooseEngine() !== 'workerd')
		return {
			lines: ['on PartyKit a file that cannot be opened has to be removed by hand: not attacked'],
			failures: [],
		};
	const rounds = short ? 1 : 10;
	const log: Line[] = [];
	const relay = await startRelay({
		vars: {},
		log: (line) => {
			const own = /\{"level":.*\}$/.exec(line)?.[0];
			if (own) log.push(JSON.parse(own));
		},
	});
	const failures: string[] = [];
	const events = (channel: string) => `${relay.url}/channels/${channel}/events`;
	const publish = (channel: string, texts: string[]) =>
		ask(events(channel), {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(texts.map((text) => ({ text }))),
		});
	const fill = async (channel: string) => {
		for (let batch = 0; batch < 6; batch++) await publish(channel, Array(20).fill('x'.repeat(1000)));
	};
	const counts = { damaged: 0, emptied: 0, named: 0, epochs: 0, lines: 0 };
	try {
		await fill('bystander');
		for (let round = 0; round < rounds; round++) {
			for (const isRunning of [false, true]) {
				const channels = DAMAGES.map((how): [Damage, string] => [how, `${how}-${seed}-${round}-${isRunning}`]);
				for (const [, channel] of channels) await fill(channel);
				// SQLite writes its log into the file when it is closed.
				if (isRunning) await relay.engine?.restart();
				for (const [, channel] of channels) if (isRunning) await ask(`${events(channel)}?limit=1`);
				if (!isRunning) await relay.engine?.stop();
				for (const [how, channel] of channels) await damage(findFile(relay.stateDir as string, channel), how); // it is ours
				if (!isRunning) await relay.engine?.restart();
				for (const [how, channel] of channels) {
					counts.damaged++;
					const bodies = [];
					for (let times = 0; times < ASKED; times++) bodies.push(await ask(`${events(channel)}?limit=1000`));
					const unclear = bodies.find(({ status }) => status !== 200 && status !== 503);
					if (unclear) failures.push(`${channel}: ${unclear.status} to a reader`);
					const lines = log.filter((line) => line.channel === channel && line.storage !== undefined);
					counts.lines = Math.max(counts.lines, lines.length);
					// A file that was removed from below an engine that has it open is whole until that is closed.
					const isWhole = isRunning && how === 'removed';
					const isNamed = lines.some(({ file }) => file === path.basename(findFile(relay.stateDir as string, channel)));
					if (isNamed || isWhole) counts.named++;
					else failures.push(`${channel}: not named in the log`);
					const { status, body } = await ask(`${relay.url}/channels/${channel}`, { method: 'DELETE' });
					if (status === 200) counts.emptied++;
					else failures.push(`${channel}: ${status} to DELETE`);
					const first = await publish(channel, ['after']);
					if (first.body.events?.[0]?.seq !== 1 || first.body.epoch !== body.epoch)
						failures.push(`${channel}: ${JSON.stringify(first.body).slice(0, 200)} to the first event`);
				}
			}
		}
		const faults = log.filter(({ fault }) => fault !== undefined).length;
		if (faults > 0) failures.push(`${faults} faults in the log`);
		if (counts.lines > 2) failures.push(`${counts.lines} lines in the log for one channel`);
		const { body } = await ask(`${events('bystander')}?limit=1000`);
		if (body.last !== 120) failures.push(`the bystander has ${body.last} events of 120`);
		return {
			lines: [
				`${group(counts.damaged)} channels, cut, overwritten, emptied and removed, half of them while in use: ${group(counts.named)} named, ${group(counts.emptied)} emptied by DELETE, at most ${counts.lines} lines in the log for ${ASKED} requests`,
				BEFORE,
			],
			failures,
		};
	} finally {
		await relay.stop();
	}
}
