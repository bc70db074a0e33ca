// GET /metrics and GET /status: the same figures as Prometheus text, as a line for Nagios, as JSON for Zabbix and people.
// Knows names, units and thresholds; never knows how anything is counted, nor who may read it.
import { type Connections, countAll, TRANSPORTS } from '../audience.ts';
import { DURATION_BOUNDS_MS, type Readings, type Strain, type Sum } from '../figures.ts';
import { FeedError } from '../protocol/errors.ts';
import type { MachineReadings } from '../storage-state.ts';
import { answerJson, shareHeaders } from './answers.ts';

/** What is told of a channel or of the relay. */
export interface Report extends Strain, MachineReadings {
	/** The channel's name; undefined for the relay. */
	channel: string | undefined;
	readings: Readings;
	viewers: Connections;
	/** Channels that somebody is connected to; of the relay alone. */
	channels?: number;
	/** Bytes that were handed to the engine and not confirmed; of the relay alone. */
	backlogBytes?: number;
}

/** One figure in all forms. */
interface Figure {
	/** In JSON, in performance data and in the names of thresholds. */
	name: string;
	/** In Prometheus, without what it begins with. */
	metric: string;
	type: 'counter' | 'gauge';
	help: string;
	/** As performance data have it (Monitoring Plugins Development Guidelines, 2.6). */
	unit: '' | 'c' | '%' | 'ms' | 'B' | 's';
	/** Undefined where it is not known. */
	of: (report: Report) => number | undefined;
	/** From the figure's unit to Prometheus' base unit. */
	scale?: number;
}

const figure = (
	name: string,
	metric: string,
	type: Figure['type'],
	unit: Figure['unit'],
	help: string,
	of: Figure['of'],
	scale?: number,
): Figure => ({ name, metric, type, unit, help, of, ...(scale === undefined ? {} : { scale }) });

const mean = ({ count, total }: Sum): number => (count === 0 ? 0 : total / count);

/** Those that are one number. Percent and milliseconds are people's, ratios and seconds are Prometheus'. */
const FIGURES: readonly Figure[] = [
	figure(
		'requestsPerSecond',
		'requests_per_second',
		'gauge',
		'',
		'Requests and messages a second, over the last minute.',
		({ readings }) => readings.requestsPerSecond,
	),
	figure(
		'idlePercent',
		'idle_ratio',
		'gauge',
		'%',
		'Share of the last minute in which nothing was worked on.',
		({ readings }) => readings.idle * 100,
		0.01,
	),
	figure(
		'meanMs',
		'request_mean_seconds',
		'gauge',
		'ms',
		'Mean time that a request took, over the last minute.',
		({ readings }) => readings.meanMs,
		0.001,
	),
	figure(
		'p95Ms',
		'request_p95_seconds',
		'gauge',
		'ms',
		'Time that 95 of 100 of the newest requests took at the most.',
		({ readings }) => readings.p95Ms,
		0.001,
	),
	figure('requests', 'requests_total', 'counter', 'c', 'Requests and messages of clients.', (r) => r.readings.requests),
	figure(
		'busyMs',
		'busy_seconds_total',
		'counter',
		'ms',
		'Time in which something was worked on.',
		({ readings }) => readings.busyMs,
		0.001,
	),
	figure('events', 'events_total', 'counter', 'c', 'Events that were stored.', (r) => r.readings.events),
	figure(
		'eventBytes',
		'event_bytes_total',
		'counter',
		'B',
		'Bytes of events and changes that were stored.',
		(r) => r.readings.eventBytes,
	),
	figure('receipts', 'receipts_total', 'counter', 'c', 'Receipts that were given.', (r) => r.readings.receipts),
	figure(
		'duplicates',
		'duplicate_receipts_total',
		'counter',
		'c',
		'Receipts for what was stored before.',
		(r) => r.readings.duplicates,
	),
	figure('frames', 'frames_total', 'counter', 'c', 'Frames that were sent to clients.', (r) => r.readings.frames),
	figure('frameBytes', 'frame_bytes_total', 'counter', 'B', 'Bytes of these frames.', (r) => r.readings.frameBytes),
	figure('viewerCount', 'connections', 'gauge', '', 'Clients that are connected.', (r) => countAll(r.viewers)),
	figure('lag', 'viewer_lag_entries', 'gauge', '', 'Entries that the slowest viewer has yet to get.', (r) => r.lag),
	figure('queuedDrafts', 'queued_drafts', 'gauge', '', 'Drafts that wait to be stored.', (r) => r.drafts),
	figure('queuedBytes', 'queued_bytes', 'gauge', 'B', 'Bytes of these drafts.', (r) => r.draftBytes),
	figure('channels', 'channels', 'gauge', '', 'Channels that somebody is connected to.', (r) => r.channels),
	figure(
		'backlogBytes',
		'unconfirmed_bytes',
		'gauge',
		'B',
		'Bytes beyond the usual that viewers have yet to confirm.',
		(r) => r.backlogBytes,
	),
	figure('memoryBytes', 'memory_bytes', 'gauge', 'B', 'Resident memory of the engine.', (r) => r.memoryBytes),
	figure(
		'treeMemoryBytes',
		'tree_memory_bytes',
		'gauge',
		'B',
		'Resident memory of all processes of the relay.',
		(r) => r.treeMemoryBytes,
	),
	figure(
		'diskFreeBytes',
		'disk_free_bytes',
		'gauge',
		'B',
		'Free room on the disk of the state.',
		(r) => r.diskFreeBytes,
	),
	figure(
		'storageFull',
		'storage_full',
		'gauge',
		'',
		'1 while the disk has no room for what is published.',
		({ isDiskFull }) => (isDiskFull === undefined ? undefined : Number(isDiskFull)),
	),
	figure(
		'uptimeSeconds',
		'uptime_seconds',
		'gauge',
		's',
		'Time since the counting began.',
		({ readings }) => (readings.time - readings.since) / 1000,
	),
];

/** Those that a channel does not have. */
const OF_RELAY = ['channels', 'backlogBytes', 'memoryBytes', 'treeMemoryBytes', 'diskFreeBytes', 'storageFull'];

/** Sums by number and total; what is in milliseconds, Prometheus has in seconds. */
const SUMS: { metric: string; help: string; of: (readings: Readings) => Sum; scale: number }[] = [
	{ metric: 'commit_entries', help: 'Entries of a commit.', of: ({ commitEntries }) => commitEntries, scale: 1 },
	{ metric: 'commit_bytes', help: 'Bytes of a commit.', of: ({ commitBytes }) => commitBytes, scale: 1 },
	{ metric: 'storage_read_seconds', help: 'Time of a read from storage.', of: ({ reads }) => reads, scale: 0.001 },
	{
		metric: 'storage_write_seconds',
		help: 'Time that storage took for a write.',
		of: ({ writes }) => writes,
		scale: 0.001,
	},
];

const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format, version 0.0.4. A channel's figures have names of their own, so that none counts twice in a sum. */
export function answerMetrics(report: Report): Response {
	const { channel, readings, viewers } = report;
	const prefix = channel === undefined ? 'live_feed' : 'live_feed_channel';
	const labels = (more: Record<string, string> = {}) => {
		const all = Object.entries({ ...(channel === undefined ? {} : { channel }), ...more });
		return all.length === 0 ? '' : `{${all.map(([name, value]) => `${name}="${value}"`).join(',')}}`;
	};
	const lines: string[] = [];
	const begin = (metric: string, type: string, help: string) => {
		lines.push(`# HELP ${prefix}_${metric} ${help}`, `# TYPE ${prefix}_${metric} ${type}`);
	};
	for (const { metric, type, help, of, scale = 1 } of FIGURES) {
		const value = of(report);
		if (value === undefined) continue;
		begin(metric, type, help);
		lines.push(`${prefix}_${metric}${labels()} ${format(value * scale)}`);
	}
	begin('viewers', 'gauge', 'Clients that are connected, by how they are.');
	for (const transport of TRANSPORTS)
		lines.push(`${prefix}_viewers${labels({ transport })} ${format(viewers[transport])}`);
	begin('refusals_total', 'counter', 'Refusals, by code of the error.');
	for (const [code, count] of Object.entries(readings.refusals))
		lines.push(`${prefix}_refusals_total${labels({ code })} ${format(count)}`);
	begin('request_seconds', 'histogram', 'Time that a request took.');
	for (const [index, bound] of DURATION_BOUNDS_MS.entries())
		lines.push(
			`${prefix}_request_seconds_bucket${labels({ le: format(bound / 1000) })} ${readings.durations[index] ?? 0}`,
		);
	lines.push(
		`${prefix}_request_seconds_bucket${labels({ le: '+Inf' })} ${readings.requests}`,
		`${prefix}_request_seconds_sum${labels()} ${format(readings.durationMs / 1000)}`,
		`${prefix}_request_seconds_count${labels()} ${readings.requests}`,
	);
	for (const { metric, help, of, scale } of SUMS) {
		const { count, total } = of(readings);
		begin(metric, 'summary', help);
		lines.push(
			`${prefix}_${metric}_sum${labels()} ${format(total * scale)}`,
			`${prefix}_${metric}_count${labels()} ${count}`,
		);
	}
	const headers = shareHeaders({ 'content-type': PROMETHEUS, 'cache-control': 'no-store' });
	return new Response(`${lines.join('\n')}\n`, { headers });
}

const STATES = ['OK', 'WARNING', 'CRITICAL'] as const;
type State = (typeof STATES)[number];

/** A range of the Monitoring Plugins' guidelines (2.5): an alert is raised outside of it, or inside where it begins with `@`. */
interface Range {
	text: string;
	from: number;
	to: number;
	isInside: boolean;
}

interface Thresholds {
	warning?: Range;
	critical?: Range;
}

/**
 * A line for Nagios, or JSON where that is accepted, 503 where a threshold for CRITICAL is passed:
 * `?warning.idlePercent=20:&critical.idlePercent=5:`.
 * @throws FeedError `invalid-parameter`
 */
export function answerStatus(report: Report, request: Request): Response {
	const thresholds = parseThresholds(new URL(request.url).searchParams, report);
	const known = FIGURES.flatMap((one) => {
		const value = one.of(report);
		return value === undefined ? [] : [{ ...one, value: round(value) }];
	});
	const unknown = [...thresholds.keys()].filter((name) => !known.some((one) => one.name === name));
	const missing = unknown.map((name) => ({ name, value: 'not known yet', state: 'WARNING' as State }));
	const beyond = known.flatMap(({ name, value }) => {
		const { warning, critical } = thresholds.get(name) ?? {};
		const state: State = isAlert(critical, value) ? 'CRITICAL' : isAlert(warning, value) ? 'WARNING' : 'OK';
		return state === 'OK' ? [] : [{ name, value, state }];
	});
	const full = report.isDiskFull ? [{ name: 'storage', value: 'full', state: 'CRITICAL' as State }] : [];
	const passed = [...full, ...missing, ...beyond];
	const worst = STATES[Math.max(0, ...passed.map(({ state }) => STATES.indexOf(state)))] ?? 'OK';
	const status = worst === 'CRITICAL' ? 503 : 200;
	const { channel, readings, viewers } = report;
	if (/\bjson\b/.test(request.headers.get('accept') ?? '')) {
		const figures = Object.fromEntries(known.map(({ name, value }) => [name, value]));
		const { since, time, refusals, commitEntries, commitBytes, reads, writes } = readings;
		const more = {
			commits: commitEntries.count,
			...{ commitEntries: round(mean(commitEntries)), commitBytes: round(mean(commitBytes)) },
			...{ storageReads: reads.count, storageReadMs: round(mean(reads)) },
			...{ storageWrites: writes.count, storageWriteMs: round(mean(writes)) },
		};
		const whose = channel === undefined ? {} : { channel };
		const state = { status: worst.toLowerCase(), ...(passed.length > 0 ? { passed } : {}) };
		return answerJson({ ...state, ...whose, since, time, ...figures, ...more, viewers, refusals }, status);
	}
	const data = known.map(({ name, value, unit }) => {
		const { warning, critical } = thresholds.get(name) ?? {};
		const min = unit === '%' ? '0;100' : '0';
		return `${name}=${value}${unit};${warning?.text ?? ''};${critical?.text ?? ''};${min}`;
	});
	const short = `${round(readings.requestsPerSecond)} requests/s, ${round(readings.idle * 100)} % idle, ${round(readings.meanMs)} ms mean, ${countAll(viewers)} connected`;
	const why = passed.map(({ name, value, state }) => `${name} is ${value} (${state.toLowerCase()}), `).join('');
	const line = `LIVE-FEED ${worst} - ${channel === undefined ? '' : `${channel}: `}${why}${short} | ${data.join(' ')}\n`;
	const headers = shareHeaders({ 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
	return new Response(line, { status, headers });
}

function parseThresholds(parameters: URLSearchParams, { channel }: Report): Map<string, Thresholds> {
	const figures = FIGURES.filter((one) => channel === undefined || !OF_RELAY.includes(one.name));
	const found = new Map<string, Thresholds>();
	for (const [parameter, text] of parameters) {
		const [, kind, name = ''] = /^(warning|critical)\.(\w+)$/.exec(parameter) ?? [];
		if (kind === undefined || !figures.some((one) => one.name === name)) {
			const names = figures.map((one) => one.name).join(', ');
			throw new FeedError(
				'invalid-parameter',
				`\`${parameter.slice(0, 40)}\` is not a parameter here: expected warning.NAME or critical.NAME, of ${names}.`,
			);
		}
		found.set(name, { ...found.get(name), [kind]: parseRange(text, parameter) });
	}
	return found;
}

/** `10` is 0 to 10, `10:` 10 and more, `~:10` 10 and less, `5:10` between; `@` before it turns it around. */
function parseRange(text: string, parameter: string): Range {
	const match = /^(@)?(?:(~|-?\d+(?:\.\d+)?)?:)?(-?\d+(?:\.\d+)?)?$/.exec(text);
	const [, at, begin, end] = match ?? [];
	const from = begin === '~' ? Number.NEGATIVE_INFINITY : Number(begin ?? 0);
	const to = end === undefined ? Number.POSITIVE_INFINITY : Number(end);
	if (match && text !== '' && text !== '@' && from <= to) return { text, from, to, isInside: at !== undefined };
	throw new FeedError(
		'invalid-parameter',
		`\`${parameter}\` is a range such as 10 (alert above 10), 20: (alert below 20), 5:10 or @5:10 (alert within).`,
	);
}

function isAlert(range: Range | undefined, value: number): boolean {
	return range !== undefined && (value >= range.from && value <= range.to) === range.isInside;
}

/** Three digits behind the point are enough for people, and for thresholds that they set. */
function round(value: number): number {
	return Math.round(value * 1000) / 1000;
}

/** Without an exponent, and without what floating point adds at the end. */
function format(value: number): string {
	return String(Number(value.toFixed(6)));
}
