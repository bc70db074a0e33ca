// A process of many headless clients on one channel, which come back by themselves.
// Started by return.ts; says how many are live when asked. Knows clients; never knows what happens to their relay.
import { FeedClient } from '../../widget/client/index.ts';
import { until } from './scenario.ts';
import './viewers.ts'; // for a WebSocket in Node

/** What the process says when it is asked. */
export interface Told {
	live: number;
	/** Those that have not been live for a moment at least since the process said that all were. */
	lost: number;
	/** The moments at which clients meant to try again, milliseconds since 1970: without what the machine added. */
	chosen: number[];
}

const [relay = '', channel = '', count = '0'] = process.argv.slice(2);
const clients: FeedClient[] = [];
const lost = new Set<FeedClient>();
const chosen = new Set<number>();
const isLive = ({ connection }: FeedClient) => connection === 'live';

for (let index = 0; index < Number(count); index++) {
	const client = new FeedClient({ relay, channel, history: 0 });
	clients.push(client);
	client.connect();
	if (index % 25 === 24) await until(() => isLive(client), 20_000);
}
await until(() => clients.every(isLive), 30_000);
for (const client of clients) {
	client.on('state', () => {
		if (!isLive(client)) lost.add(client);
		if (client.retryAt !== undefined) chosen.add(client.retryAt);
	});
}
const tell = () => {
	const told: Told = { live: clients.filter(isLive).length, lost: lost.size, chosen: [...chosen] };
	process.send?.(told);
};
process.on('message', tell);
process.on('disconnect', () => process.exit(0));
tell();
