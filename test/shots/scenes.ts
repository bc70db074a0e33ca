// The states of a panel that are looked at: what is published, what a reader does, and how it is known to be reached.
// Knows words, hands and selectors; never knows widths, colours, or who looks.
import type { Draft } from '../../relay/protocol/event.ts';
import type { LiveFeed } from '../../widget/live-feed.ts';
import { type Content, changelog, changes, requests } from './content.ts';
import type { Condition } from './line.ts';
import type { Stage } from './studio.ts';

export interface Scene {
	readonly name: string;
	/** Events at the least; 0 where there are none. */
	readonly rows: number;
	/** A selector inside of the panel: what is to be seen. */
	readonly ready: string;
	/** Of the element, beside its relay, a channel of its own and the heading; `'true'` without a value, `''` not at all. */
	readonly attributes?: Readonly<Record<string, string>>;
	/** What has been published before anybody looks, oldest first. */
	readonly told?: (content: Content, now: number, origin: string) => Draft[];
	/** How the line is at the beginning: `open` unless given. */
	readonly line?: Condition;
	/** What happens then. */
	readonly act?: (stage: Stage) => Promise<void>;
	/** What is scrolled to before each look. */
	readonly inView?: string;
}

const feed = (content: Content, now: number, origin: string) => content.tell(now, origin);
const log = (_: Content, now: number) => requests(now);
const ROWS = 24;
/** What arrives in numbers is alike. */
const NO_FOLD = { 'no-fold': 'true' };

/** What is loaded after the first row is there, and the relay's hour is drawn. */
const isWhole = ({ find }: Stage) => find('[part~=pulse]').first().waitFor({ state: 'attached' });

/** Scrolls with the wheel, and takes the pointer away. */
async function scrollDown({ page, feed, until }: Stage): Promise<void> {
	const box = await feed.boundingBox();
	if (!box) throw new Error('the panel has no box');
	await page.mouse.move(box.x + box.width / 2, box.y + 200);
	await page.mouse.wheel(0, 700);
	await until('the list is scrolled', (element) => (element.shadowRoot?.querySelector('.list')?.scrollTop ?? 0) > 600);
	await page.mouse.move(1, 1);
}

/** Pauses, and waits until it is drawn: what comes before that the reader still looks at. */
const pause = ({ feed }: Stage) =>
	feed.evaluate(async (element) => {
		(element as LiveFeed).pause();
		await (element as LiveFeed).updateComplete;
		await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
	});
const resume = ({ feed }: Stage) => feed.evaluate((element) => (element as LiveFeed).resume());
const isOffline = (stage: Stage) => stage.until('it is offline', (element) => element.matches(':state(offline)'));

const row = (text: string) => `li.row:has-text("${text}")`;

/** All of them, in the order of a sheet. */
export const SCENES: readonly Scene[] = [
	{ name: 'live', rows: ROWS, told: feed, act: isWhole, ready: '[part~=row]' },
	{
		name: 'pill',
		attributes: NO_FOLD,
		rows: ROWS,
		told: feed,
		ready: 'button[part~=pill]',
		async act(stage) {
			await isWhole(stage);
			await scrollDown(stage);
			await stage.publish(stage.content.arrive(214));
			await stage.received(214);
		},
	},
	{
		name: 'paused',
		attributes: NO_FOLD,
		rows: ROWS,
		told: feed,
		ready: '[part~=state]',
		async act(stage) {
			await isWhole(stage);
			await pause(stage);
			await stage.publish(stage.content.arrive(14));
			await stage.received(14);
			await stage.until('it is paused', (element) => element.matches(':state(paused)'));
		},
	},
	{
		name: 'new-since',
		attributes: NO_FOLD,
		rows: ROWS + 3,
		told: feed,
		ready: 'li.new[part~=separator]',
		async act(stage) {
			await isWhole(stage);
			await pause(stage);
			await stage.publish(stage.content.arrive(3));
			await stage.received(3);
			await resume(stage);
		},
	},
	{
		name: 'fold',
		rows: ROWS,
		told: (content, now, origin) => withAlike(content, now, origin),
		act: isWhole,
		ready: '[part~=chip]',
		inView: '[part~=chip]',
	},
	{
		name: 'unfolded',
		rows: ROWS + 20,
		told: (content, now, origin) => withAlike(content, now, origin, 21),
		ready: '[part~=chip]',
		inView: '[part~=chip]',
		async act(stage) {
			await isWhole(stage);
			await stage.find('[part~=row]:has([part~=chip]) button[aria-expanded=false]').first().click();
		},
	},
	{
		name: 'gap',
		attributes: NO_FOLD,
		rows: ROWS,
		told: feed,
		ready: '[part~=gap]',
		inView: '[part~=gap]',
		async act(stage) {
			await isWhole(stage);
			stage.line.set('cut');
			await stage.until('the line is cut', ({ connection }) => connection === 'offline');
			await stage.publish(stage.content.arrive(207));
			stage.line.set('open');
			await stage.feed.evaluate((element) => (element as LiveFeed).reconnect());
			await stage.received(200);
			// As far back as that.
			await stage.until('the gap is drawn', (element) => {
				const list = element.shadowRoot?.querySelector('.list');
				list?.scrollBy(0, 400);
				return Boolean(list?.querySelector('[part~=gap]'));
			});
		},
	},
	{
		name: 'compact',
		rows: 40,
		attributes: { density: 'compact', heading: 'Requests' },
		told: log,
		act: isWhole,
		ready: '[part~=row-error]',
	},
	{
		name: 'compact-selected',
		rows: 40,
		attributes: { density: 'compact', heading: 'Requests' },
		told: log,
		ready: '[part~=row-selected]',
		async act(stage) {
			await isWhole(stage);
			await stage.find(row('LEFT JOIN')).first().locator('[part~=row-time]').click();
		},
	},
	{
		name: 'data',
		rows: ROWS,
		told: feed,
		ready: 'li.row pre',
		inView: 'li.row:has(pre)',
		async act({ find, content, page }) {
			await find(row(content.withData)).locator('.data').click();
			await page.mouse.move(1, 1);
		},
	},
	{
		name: 'selected',
		rows: ROWS,
		told: feed,
		ready: '[part~=row-selected]',
		async act({ find, content, page }) {
			await find(row(content.withData)).locator('[part~=row-time]').click();
			await page.mouse.move(1, 1);
		},
	},
	{
		name: 'long-texts',
		rows: ROWS,
		told: feed,
		ready: 'li.row-long .more',
		inView: '.row-long',
		act: isWhole,
	},
	{
		name: 'long-heading',
		rows: ROWS,
		attributes: { heading: 'Deploys of the payment service and everything that depends on it' },
		told: feed,
		ready: '[part~=state]',
		async act(stage) {
			await isWhole(stage);
			await pause(stage);
			await stage.publish(stage.content.arrive(1));
			await stage.received(1);
		},
	},
	{
		name: 'newest-last',
		rows: ROWS,
		attributes: { order: 'newest-last' },
		told: feed,
		act: isWhole,
		ready: '[part~=row]',
	},
	{ name: 'beginning', rows: ROWS, told: feed, act: isWhole, ready: '.end', inView: '.end' },
	{
		name: 'trimmed',
		rows: ROWS,
		attributes: { history: '40', ...NO_FOLD },
		told: (content) => content.arrive(260),
		ready: '.end:not(:has(button))',
		inView: '.end',
		act: (stage) =>
			stage.until('the oldest row is drawn', (element) => {
				const list = element.shadowRoot?.querySelector('.list');
				list?.scrollTo(0, list.scrollHeight);
				return Boolean(list?.querySelector('.end:not(:has(button))'));
			}),
	},
	{
		name: 'outbox',
		rows: ROWS,
		told: feed,
		ready: '[part~=row-pending] .failed',
		async act(stage) {
			await isWhole(stage);
			const [refused, first, second] = stage.content.own;
			const hand = (draft: Draft) =>
				stage.feed.evaluate((element, json) => {
					(element as LiveFeed).publish(JSON.parse(json)).catch(() => {});
				}, JSON.stringify(draft));
			// A relay takes no such address.
			await hand({ text: refused, url: 'ftp://files.example.org/gateway.log' });
			await stage.find('[part~=row-pending] .failed').waitFor();
			stage.line.set('mute');
			await hand({ text: first });
			await hand({ text: second });
			await stage.find('[part~=row-pending]').nth(2).waitFor();
		},
	},
	{
		name: 'keys',
		rows: ROWS,
		told: feed,
		ready: 'dialog[open]',
		async act(stage) {
			await isWhole(stage);
			await stage.find('[part~=row][tabindex="0"]').focus();
			await stage.page.keyboard.press('?');
		},
	},
	{
		name: 'focus',
		rows: ROWS,
		told: feed,
		ready: '[part~=row]:focus',
		async act(stage) {
			await isWhole(stage);
			await stage.find('[part~=row][tabindex="0"]').focus();
			await stage.page.keyboard.press('ArrowDown');
		},
	},
	{
		name: 'own-render',
		rows: ROWS,
		told: feed,
		ready: '[data-own]',
		async act(stage) {
			await isWhole(stage);
			await stage.feed.evaluate((element) => {
				Object.assign(element, {
					renderEvent(event: { type: string; text?: string }) {
						if (!event.type.startsWith('deploy')) return undefined;
						const own = document.createElement('strong');
						own.dataset.own = '';
						own.textContent = `🚀 ${event.text}`;
						return own;
					},
				});
			});
		},
	},
	{
		name: 'changelog',
		rows: 21,
		attributes: { heading: 'Changelog' },
		told: (_, now, origin) => changelog(now, origin),
		ready: '.status.reopened',
		act: workOn,
	},
	{
		name: 'changelog-compact',
		rows: 21,
		attributes: { density: 'compact', heading: 'Changelog' },
		told: (_, now, origin) => changelog(now, origin),
		ready: '.thread .answer',
		async act(stage) {
			await workOn(stage);
			await stage.find(row('The timeout')).locator('.replies').click();
			await stage.find('.reply').nth(2).waitFor();
		},
	},
	{
		name: 'thread',
		rows: 21,
		attributes: { heading: 'Changelog' },
		told: (_, now, origin) => changelog(now, origin),
		ready: '[part~=thread] .answer',
		inView: '.reply',
		async act(stage) {
			await workOn(stage);
			const entry = stage.find(row('The timeout'));
			await entry.locator('.replies').click();
			await entry.locator('[part~=thread] .answer textarea').waitFor();
			await entry.locator('.reply').nth(2).waitFor();
			await stage.page.mouse.move(1, 1);
		},
	},
	{
		name: 'acts',
		rows: 21,
		attributes: { heading: 'Changelog' },
		told: (_, now, origin) => changelog(now, origin),
		ready: '.picker',
		async act(stage) {
			await workOn(stage);
			const newest = stage.find('[part~=row]').first();
			await newest.focus();
			await stage.page.keyboard.press('e');
			await stage.find('.picker').waitFor();
			const other = stage.find(row('Dark mode'));
			await other.hover();
			await other.locator('.menu').click();
			await other.locator('.drawer .danger').click();
		},
	},
	{
		name: 'composer',
		rows: ROWS,
		attributes: { compose: 'true', heading: 'Team' },
		told: feed,
		ready: '[part~=composer] textarea',
		async act(stage) {
			await isWhole(stage);
			const foot = stage.find('.panel > [part~=composer]');
			await foot.locator('.name-field').fill('Ada Lovelace');
			await foot.locator('textarea').fill(stage.content.own[0]);
			await foot.locator('textarea').press('Enter');
			await stage.received(1);
			stage.line.set('mute');
			await foot.locator('textarea').fill(stage.content.own[1]);
			await foot.locator('textarea').press('Enter');
			await stage.find('[part~=row-pending]').waitFor();
			await foot.locator('textarea').fill(stage.content.own.join('\n'));
		},
	},
	{
		name: 'composer-name',
		rows: ROWS,
		attributes: { compose: 'true', heading: 'Team' },
		told: feed,
		ready: '.hint.wrong',
		async act(stage) {
			await isWhole(stage);
			await stage.find('.panel > [part~=composer] textarea').fill('x'.repeat(8200));
		},
	},
	{ name: 'catching-up', rows: ROWS, told: feed, line: 'behind', act: isWhole, ready: '[part~=state]' },
	{
		name: 'offline-rows',
		rows: ROWS,
		told: feed,
		ready: '[part~=row]',
		async act(stage) {
			await isWhole(stage);
			stage.line.set('cut');
			await isOffline(stage);
		},
	},
	{
		name: 'offline-none',
		rows: 0,
		attributes: { relay: 'https://relay.example.org' },
		line: 'cut',
		act: isOffline,
		ready: '[part~=empty] .button',
	},
	{ name: 'full', rows: 0, line: 'full', act: isOffline, ready: '[part~=empty] .title' },
	{
		name: 'refused',
		rows: 0,
		line: 'stranger',
		ready: '[part~=empty] .title',
		act: (stage) => stage.until('it is refused', (element) => element.matches(':state(refused)')),
	},
	{ name: 'skeleton', rows: 0, line: 'silent', ready: '.bones' },
	{ name: 'empty', rows: 0, attributes: { channel: 'deploys' }, ready: '[part~=empty]:not([hidden]) .title' },
	{
		name: 'no-channel',
		rows: 0,
		attributes: { channel: '', heading: '' },
		ready: '[part~=empty]:not([hidden]) .title',
	},
	{
		name: 'bad-channel',
		rows: 0,
		attributes: { channel: 'team builds!', heading: '' },
		ready: '[part~=empty]:not([hidden]) .title',
	},
	{ name: 'no-header', rows: ROWS, attributes: { 'no-header': 'true' }, told: feed, ready: '[part~=row]' },
];

/** Has happened to the changelog what happens to one. */
async function workOn(stage: Stage): Promise<void> {
	await isWhole(stage);
	await stage.find('.acts').first().waitFor();
	const ids = await stage.feed.evaluate((element) =>
		(element as LiveFeed).events.map(({ id, text = '' }) => [id, text] as const),
	);
	await stage.publish(changes((begin) => ids.find(([, text]) => text.startsWith(begin))?.[0] ?? '', stage.origin));
	await stage.until('all of it is here', ({ events }) => events.some(({ removed }) => removed));
}

/** The scene of this name. */
export function findScene(name: string): Scene {
	const scene = SCENES.find((candidate) => candidate.name === name);
	if (!scene) throw new Error(`There is no scene "${name}"; there are ${SCENES.map((one) => one.name).join(', ')}.`);
	return scene;
}

/** Alike events in the midst of others. */
function withAlike(content: Content, now: number, origin: string, count = 127): Draft[] {
	const all = content.tell(now, origin);
	const alike = Array.from({ length: count }, (_, i) => ({ ...content.alike, at: now - 240_000 + i * 900 }));
	return [...all.slice(0, -2), ...alike, ...all.slice(-2)];
}
