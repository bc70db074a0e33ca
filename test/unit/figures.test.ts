// Figures as people have read them for long: requests a second, how idle, how long one takes; and the same in three forms.
import { describe, expect, it } from 'vitest';
import { type Connections, TRANSPORTS } from '../../relay/audience.ts';
import { ChannelFigures, Figures } from '../../relay/figures.ts';
import { answerMetrics, answerStatus, type Report } from '../../relay/http/figures.ts';

const START = 1_764_000_000_000;
const NOBODY = Object.fromEntries(TRANSPORTS.map((one) => [one, 0])) as Connections;

function createFigures(parent?: Figures) {
	const clock = { now: START };
	const figures = new Figures(() => clock.now, parent);
	/** A request that takes so long, milliseconds. */
	const request = (ms: number) => {
		const work = figures.begin();
		clock.now += ms;
		work.end();
	};
	return { clock, figures, request };
}

function report(figures: Figures, more: Partial<Report> = {}): Report {
	const strain = { drafts: 0, draftBytes: 0, lag: 0 };
	return { channel: undefined, readings: figures.read(), viewers: NOBODY, ...strain, ...more };
}

const ask = (of: Report, query = '', accept = 'text/plain') =>
	answerStatus(of, new Request(`http://relay/status${query}`, { headers: { accept } }));

/** Ten requests of 5 ms each, spread over one second. */
function workedExample(): Figures {
	const { clock, figures, request } = createFigures();
	for (let n = 0; n < 10; n++) {
		request(5);
		clock.now = START + (n + 1) * 100;
	}
	return figures;
}

describe('10 requests of 5 ms each in one second', () => {
	it('are 10 requests a second, 95 % idle and 5 ms mean', () => {
		const { requestsPerSecond, idle, meanMs, p95Ms, busyMs } = workedExample().read();
		expect({ requestsPerSecond, idle, meanMs, p95Ms, busyMs }).toEqual({
			...{ requestsPerSecond: 10, idle: 0.95, meanMs: 5, p95Ms: 5, busyMs: 50 },
		});
	});

	it('are so for Prometheus', async () => {
		const text = await answerMetrics(report(workedExample())).text();
		const lines = text.split('\n');
		expect(lines).toContain('live_feed_requests_per_second 10');
		expect(lines).toContain('live_feed_idle_ratio 0.95');
		expect(lines).toContain('live_feed_request_mean_seconds 0.005');
		expect(lines).toContain('live_feed_request_seconds_bucket{le="0.005"} 10');
		expect(lines).toContain('live_feed_request_seconds_bucket{le="0.002"} 0');
		expect(lines).toContain('live_feed_request_seconds_sum 0.05');
		expect(lines).toContain('live_feed_request_seconds_count 10');
	});

	it('are so for Nagios', async () => {
		const answer = ask(report(workedExample()));
		expect(answer.status).toBe(200);
		const line = await answer.text();
		expect(line).toMatch(/^LIVE-FEED OK - 10 requests\/s, 95 % idle, 5 ms mean, 0 connected \| [^|\n]+\n$/);
		expect(line).toContain(' requestsPerSecond=10;;;0 idlePercent=95%;;;0;100 meanMs=5ms;;;0 ');
	});

	it('are so for Zabbix', async () => {
		const figures = await ask(report(workedExample()), '', 'application/json').json();
		expect(figures).toMatchObject({ status: 'ok', requestsPerSecond: 10, idlePercent: 95, meanMs: 5, since: START });
	});
});

describe('figures', () => {
	it('are of the last minute, and counts of all time', () => {
		const { clock, figures, request } = createFigures();
		for (let n = 0; n < 600; n++) {
			request(10);
			clock.now = START + (n + 1) * 1000;
		}
		expect(figures.read()).toMatchObject({ requests: 600, busyMs: 6000, idle: expect.closeTo(0.99, 3) });
		expect(figures.read().requestsPerSecond).toBeCloseTo(1, 1);
		clock.now += 61_000;
		expect(figures.read()).toMatchObject({ requests: 600, requestsPerSecond: 0, meanMs: 0, p95Ms: 0, idle: 1 });
	});

	it('count work at the same time once as busy, and each for how long it took', () => {
		const { clock, figures } = createFigures();
		const [one, other] = [figures.begin(), figures.begin()];
		clock.now += 40;
		one.end();
		clock.now += 60;
		other.end();
		other.end();
		clock.now = START + 1000;
		expect(figures.read()).toMatchObject({ requests: 2, busyMs: 100, idle: 0.9, meanMs: 70 });
	});

	it('leave out the time in which one waits for something to happen', () => {
		const { clock, figures } = createFigures();
		const work = figures.begin();
		clock.now += 5;
		work.pause();
		clock.now += 30_000;
		work.resume();
		clock.now += 5;
		work.end();
		expect(figures.read()).toMatchObject({ requests: 1, busyMs: 10, meanMs: 10 });
		const broken = figures.begin();
		broken.pause();
		clock.now += 1000;
		broken.end();
		expect(figures.read()).toMatchObject({ requests: 2, busyMs: 10 });
	});

	it('show what is being worked on already', () => {
		const { clock, figures } = createFigures();
		figures.begin();
		clock.now += 1000;
		expect(figures.read()).toMatchObject({ requests: 0, busyMs: 1000, idle: 0 });
	});

	it('tell the slowest twentieth', () => {
		const { request, figures } = createFigures();
		for (let n = 1; n <= 100; n++) request(n <= 94 ? 1 : 200);
		expect(figures.read()).toMatchObject({ p95Ms: 200 });
	});

	it('are busy in the seconds in which they were, and count no time back', () => {
		const { clock, figures } = createFigures();
		const work = figures.begin();
		let before = 0;
		for (let ms = 0; ms < 90_000; ms += 700) {
			clock.now = START + ms;
			expect(figures.read().busyMs).toBeGreaterThanOrEqual(before);
			before = figures.read().busyMs;
		}
		clock.now = START + 90_000;
		work.end();
		clock.now = START + 120_000;
		expect(figures.read()).toMatchObject({ busyMs: 90_000, idle: expect.closeTo(0.5, 1) });
	});

	it('are not confused by a clock that is set back', () => {
		const { clock, figures } = createFigures();
		const work = figures.begin();
		clock.now -= 5000;
		work.end();
		expect(figures.read()).toMatchObject({ requests: 1, busyMs: 0, meanMs: 0 });
	});

	it('of channels are those of the relay too, and outlast the sleep of the newest 1,000', () => {
		const relay = new Figures(() => START);
		const channels = new ChannelFigures(() => START, relay);
		channels.of('a').committed(3, 300, 2);
		channels.of('b').refused('forbidden');
		channels.of('a').settled(2, 1);
		channels.of('a').sent(10);
		channels.of('a').occupy(() => {});
		expect(channels.of('a').read()).toMatchObject({ events: 2, eventBytes: 300, receipts: 2, frames: 1, refusals: {} });
		expect(relay.read()).toMatchObject({ events: 2, receipts: 2, duplicates: 1, refusals: { forbidden: 1 } });
		for (let n = 0; n < 5000; n++) channels.of(`stranger${n}`);
		expect(channels.of('a').read().events).toBe(2);
		for (let n = 0; n < 1001; n++) channels.of(`c${n}`).sent(1);
		expect(channels.of('a').read().events).toBe(0);
		expect(relay.read().events).toBe(2);
	});

	it('of a channel have names of their own, so that no sum counts twice', async () => {
		const text = await answerMetrics(report(workedExample(), { channel: 'deploys' })).text();
		expect(text).toContain('live_feed_channel_requests_total{channel="deploys"} 10');
		expect(text).not.toMatch(/^live_feed_(?!channel_)/m);
	});
});

describe('thresholds', () => {
	const figures = workedExample();
	it.each([
		['?warning.idlePercent=20:&critical.idlePercent=5:', 200, 'OK'],
		['?warning.idlePercent=99:&critical.idlePercent=5:', 200, 'WARNING'],
		['?warning.idlePercent=99:&critical.idlePercent=96:', 503, 'CRITICAL'],
		['?critical.p95Ms=4', 503, 'CRITICAL'],
		['?critical.p95Ms=5', 200, 'OK'],
		['?critical.p95Ms=~:4', 503, 'CRITICAL'],
		['?critical.p95Ms=@4:6', 503, 'CRITICAL'],
		['?critical.p95Ms=@6:8', 200, 'OK'],
		['?critical.memoryBytes=1', 200, 'WARNING'], // nobody knows it here
	])('%s: %i %s', async (query, status, state) => {
		const answer = ask(report(figures), query);
		expect([answer.status, (await answer.text()).slice(0, 10 + state.length)]).toEqual([status, `LIVE-FEED ${state}`]);
		const json = ask(report(figures), query, 'application/json');
		expect([json.status, await json.json()]).toMatchObject([status, { status: state.toLowerCase() }]);
	});

	it('are said with what passed them, and stand in the performance data', async () => {
		const line = await ask(report(figures), '?warning.meanMs=4&critical.meanMs=4.5').text();
		expect(line).toContain('LIVE-FEED CRITICAL - meanMs is 5 (critical), 10 requests/s');
		expect(line).toContain(' meanMs=5ms;4;4.5;0 ');
	});

	it.each([
		'?idle=5',
		'?warning.idle=5',
		'?warning.toString=5',
		'?warning.meanMs=',
		'?warning.meanMs=9:2',
		'?critical.meanMs=x',
	])('%s is refused', (query) => {
		expect(() => ask(report(figures), query)).toThrow(/expected warning\.NAME|is a range such as/);
	});
});
