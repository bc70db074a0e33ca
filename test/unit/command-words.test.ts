// What the command shows: rows of a channel, figures, settings.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { EntryPrinter } from '../../relay/cli/entry-line.ts';
import { alignFigures, flattenFigures } from '../../relay/cli/figures.ts';
import { collectEffective, showSettings } from '../../relay/cli/settings.ts';
import { showStatus } from '../../relay/cli/status.ts';
import { cleanJson, hasColours, Output } from '../../relay/cli/terminal.ts';
import type { Change, FeedEvent } from '../../relay/protocol/event.ts';

const NOW = Date.UTC(2026, 10, 20, 14, 2, 3);
const SECRET = 'a-secret-of-these-words-0123456789';
const event = (fields: Partial<FeedEvent>): FeedEvent => ({ id: 'k:1', seq: 1, time: NOW, type: 'message', ...fields });

describe('a row of a channel', () => {
	const clock = (time: number) => new Date(time).toTimeString().slice(0, 8);

	it('in a terminal has the time of day, and a line for each day before its first row', () => {
		const printer = new EntryPrinter({ isTerminal: true, hasColour: false });
		const rows = [
			event({ text: 'Hello', actor: { name: 'Ada', verified: false } }),
			event({ type: 'deploy.failed', level: 'error', text: 'No answer' }),
			event({ text: 'again' }),
			event({ time: NOW + 864e5, actor: { id: 'u7', verified: false } }),
		];
		expect(rows.map((row) => printer.format(row)).join('')).toBe(
			[
				'-- Friday, 20 November 2026 --',
				`${clock(NOW)} info    message  Ada: Hello`,
				`${clock(NOW)} error   deploy.failed No answer`,
				`${clock(NOW)} info    message       again`,
				'-- Saturday, 21 November 2026 --',
				`${clock(NOW + 864e5)} info    message       u7`,
				'',
			].join('\n'),
		);
	});

	it('elsewhere is the line that the relay itself gives to a terminal', () => {
		const printer = new EntryPrinter({ isTerminal: false, hasColour: false });
		const change: Change = {
			id: 'k:2',
			seq: 2,
			time: NOW,
			change: 'status',
			target: 'k:1',
			type: 'a',
			status: 'resolved',
		};
		expect(printer.format(event({ level: 'success', text: 'Done' })) + printer.format(change)).toBe(
			'2026-11-20T14:02:03Z success message Done\n2026-11-20T14:02:03Z change  a resolved k:1\n',
		);
	});

	it('of a change in a terminal quotes the event, where that was shown', () => {
		const printer = new EntryPrinter({ isTerminal: true, hasColour: false });
		printer.format(event({ id: 'k:1', text: 'Logins survive a restart, and so do those of others' }));
		printer.format(event({ id: 'k:3', text: 'It costs $& more' }));
		const change = (target: string, more: Partial<Change>): string => {
			const base: Change = { id: 'k:9', seq: 9, time: NOW, change: 'status', type: 'a', target };
			return printer
				.format({ ...base, ...more })
				.slice(26)
				.trim();
		};
		expect(change('k:1', { status: 'resolved' })).toBe('resolved “Logins survive a restart, and so do tho…”');
		expect(change('k:1', { change: 'reaction', reaction: '👍', on: true })).toMatch(/^👍 “Logins/);
		expect(change('k:3', { change: 'pin', on: true })).toBe('pinned “It costs $& more”');
		expect(change('k:2', { status: 'cancelled' })).toBe('cancelled k:2');
	});

	it('moves no cursor and turns nothing around, with and without colours', () => {
		const hostile = '\u001b[2J\u009b1m\u202ea\nb\u2028c';
		for (const hasColour of [false, true]) {
			const printer = new EntryPrinter({ isTerminal: true, hasColour });
			const row = printer.format(event({ text: hostile, actor: { name: hostile, verified: false } }));
			const [begin = '', ...colours] = row.split('\u001b');
			expect(colours.map((part) => /^\[\d+m/.test(part))).not.toContain(false);
			expect(begin + colours.join('')).not.toMatch(/(?!\n)\p{Cc}|[\u202a-\u202e\u2028]/u);
			expect(row.trimEnd().split('\n')).toHaveLength(2); // the day and the row
		}
		const json = JSON.stringify({ data: hostile });
		expect(cleanJson(json)).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2028]/u);
		expect(JSON.parse(cleanJson(json))).toEqual({ data: hostile });
	});

	it('of a time that no calendar has is shown all the same', () => {
		const printer = new EntryPrinter({ isTerminal: true, hasColour: false });
		for (const at of [8.64e15, -8.64e15]) expect(printer.format(event({ at }))).toContain('message');
	});

	it('has colours in a terminal whose owner wants some', () => {
		expect(hasColours({ isTTY: true }, {})).toBe(true);
		expect(hasColours({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
		expect(hasColours({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
		expect(hasColours({}, {})).toBe(false);
	});
});

describe('output', () => {
	it('is written no faster than it is read', async () => {
		const stream = new PassThrough({ highWaterMark: 4 });
		const output = new Output(stream);
		let isWritten = false;
		const writing = output.write('longer than that').then(() => {
			isWritten = true;
		});
		await new Promise((resolve) => setImmediate(resolve));
		expect(isWritten).toBe(false);
		stream.resume();
		await writing;
	});

	it('that nobody reads any more is passed over', async () => {
		const stream = new PassThrough({ highWaterMark: 1 });
		const output = new Output(stream);
		const writing = output.write('one');
		stream.destroy(new Error('EPIPE'));
		await writing;
		expect(output.gone.aborted).toBe(true);
		await output.write('two');
	});
});

describe('figures', () => {
	const figures = {
		channels: 3,
		since: NOW,
		viewers: { socket: 1234, stream: { text: 0 } },
		meanMs: 5.1239,
		idle: null,
		refusals: {},
		types: ['a', 'b'],
		slow: [{ name: 'x\u001b[2J', lag: 1 }],
	};

	it('are flat, with names that say where they were', () => {
		expect(flattenFigures(figures)).toEqual([
			['channels', '3'],
			['since', '2026-11-20T14:02:03.000Z'],
			['viewers.socket', '1,234'],
			['viewers.stream.text', '0'],
			['meanMs', '5.124'],
			['idle', 'none'],
			['refusals', 'none'],
			['types', 'a b'],
			['slow.0.name', 'x\ufffd[2J'],
			['slow.0.lag', '1'],
		]);
	});

	it('stand in columns, numbers by their units', () => {
		expect(
			alignFigures([
				['a', '3'],
				['long', '1,234'],
				['b', '5.124'],
				['c', 'text'],
			]),
		).toEqual([...['a         3', 'long  1,234', 'b         5.124', 'c     text']]);
	});

	it('come after when the relay was started', () => {
		const health = { status: 'ok', time: NOW + 7_380_000, since: NOW };
		expect(showStatus('http://localhost:1999', health, { events: 12 }, false)).toBe(`
  ● Running  http://localhost:1999
  Since      2026-11-20T14:02:03Z, for 2 hours 3 minutes
  Its clock  2026-11-20T16:05:03Z

  events  12

`);
		expect(showStatus('http://localhost:1999', { status: 'ok', time: NOW }, undefined, false)).not.toContain('Since');
	});
});

describe('settings', () => {
	const find = (environment: Record<string, string>) => {
		const effective = collectEffective(environment);
		return { ...effective, of: (name: string) => effective.settings.find((one) => one.name === name) };
	};

	it('come from the environment, the file, or what holds unless they are set', async () => {
		const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-settings-'));
		const file = path.join(folder, 'settings');
		await writeFile(file, `LIVE_FEED_SECRET=${SECRET}\nLIVE_FEED_PUBLIC=news\nLIVE_FEED_KEEP_ENTRIES=5\n`);
		const { of, wrong, isOpen } = find({ LIVE_FEED_SETTINGS: file, LIVE_FEED_PUBLIC: 'all-*', PORT: '3000' });
		await rm(folder, { recursive: true });
		expect([of('LIVE_FEED_PUBLIC'), of('LIVE_FEED_KEEP_ENTRIES'), of('LIVE_FEED_SECRET')]).toMatchObject([
			{ value: 'all-*', from: 'environment' },
			{ value: '5', from: 'file' },
			{ value: '(34 characters)', from: 'file' },
		]);
		expect(of('LIVE_FEED_MAX_CONNECTIONS')).toMatchObject({ value: '20000', from: 'default' });
		expect(of('PORT')).toMatchObject({ value: '3000', from: 'environment' });
		expect({ wrong, isOpen }).toEqual({ wrong: [], isOpen: false });
	});

	it('of an open relay have no limits, and say what that means', () => {
		const { of, isOpen, notes } = find({});
		expect(of('LIVE_FEED_MAX_CONNECTIONS')).toMatchObject({ value: undefined, from: 'default' });
		expect(isOpen).toBe(true);
		expect(notes.join()).toMatch(/the relay is open/);
	});

	it('that are wrong are all told, and no secret with them', () => {
		const environment = {
			...{ LIVE_FEED_SECRET: 'too-short-a-secret', LIVE_FEED_KEEP_AGE: 'soon', PORT: 'many', LIVE_FEED_SECRTE: SECRET },
			...{ LIVE_FEED_KEYS: JSON.stringify({ keys: [{ kty: 'oct', k: SECRET }] }), LIVE_FEED_TOKEN: 'a.b.c' },
		};
		const effective = collectEffective(environment);
		expect(effective.wrong.map((text) => text.slice(0, 18))).toEqual(
			expect.arrayContaining(['LIVE_FEED_SECRET i', 'LIVE_FEED_KEEP_AGE', 'LIVE_FEED_KEYS is ', 'PORT is a number f']),
		);
		expect(effective.wrong).toHaveLength(4);
		expect(effective.notes.join()).toContain('LIVE_FEED_SECRTE is in the environment, and no setting');
		const shown = showSettings(effective, false) + JSON.stringify(effective);
		for (const secret of ['too-short-a-secret', SECRET, 'a.b.c']) expect(shown).not.toContain(secret);
	});

	it('in a file that cannot be read or has a slip say so', () => {
		const { wrong, of } = find({ LIVE_FEED_SETTINGS: '/nowhere/at/all', LIVE_FEED_PUBLIC: 'news' });
		expect(wrong).toEqual([
			'LIVE_FEED_SETTINGS names /nowhere/at/all, which cannot be read (ENOENT): no such file or directory.',
		]);
		expect(of('LIVE_FEED_PUBLIC')).toMatchObject({ from: 'environment' });
	});
});
