// Six hundred hostile texts in every field that a publisher sets: refused with a typed error, or there to be read in their row and nothing else.
// Knows fields, rows and what a browser tells; never knows how a row is drawn.
import { isDeepStrictEqual } from 'node:util';
import type { Page } from 'puppeteer-core';
import { until } from '../faults/scenario.ts';
import { few, type ReadingScenario } from '../reading/scenario.ts';
import { startRelay } from '../support/relay.ts';
import { PAYLOADS } from './payloads.ts';
import { type Caught, openWatched, startSite } from './site.ts';

type Fields = Record<string, unknown>;

interface Field {
	name: string;
	/** The draft with the payload in this field. */
	put: (payload: string, site: string) => Fields;
	/** What can be read of it in the row; left out where the panel never shows the field, and the payload must be nowhere. */
	shown?: 'text' | 'link' | 'data';
}

const SENTENCE = 'The sentence of this row';
const FIELDS: readonly Field[] = [
	// First, since a picture far down a page is not asked for.
	{
		name: 'actor.image, in a path',
		put: (payload, site) => ({ text: SENTENCE, actor: { name: 'Ada', image: `${site}/picture/${payload}` } }),
	},
	{ name: 'type', put: (type) => ({ type }), shown: 'text' },
	{ name: 'text', put: (text) => ({ text }), shown: 'text' },
	{ name: 'actor.name', put: (name) => ({ text: SENTENCE, actor: { name } }), shown: 'text' },
	{ name: 'actor.id', put: (id) => ({ text: SENTENCE, actor: { id } }), shown: 'text' },
	{ name: 'actor.kind', put: (kind) => ({ text: SENTENCE, actor: { kind } }) },
	{ name: 'actor.color', put: (color) => ({ text: SENTENCE, actor: { name: 'Ada', color } }) },
	{ name: 'actor.image', put: (image) => ({ text: SENTENCE, actor: { name: 'Ada', image } }) },
	{ name: 'level', put: (level) => ({ text: SENTENCE, level }) },
	{ name: 'url', put: (url) => ({ text: SENTENCE, url }), shown: 'link' },
	{
		name: 'url, in a path',
		put: (payload) => ({ text: SENTENCE, url: `https://a.example/${payload}` }),
		shown: 'link',
	},
	{ name: 'url, in a mail address', put: (payload) => ({ text: SENTENCE, url: `mailto:${payload}` }), shown: 'link' },
	{ name: 'data', put: (data) => ({ text: SENTENCE, data }), shown: 'data' },
	{ name: 'data, as a key', put: (payload) => ({ text: SENTENCE, data: own(payload, [payload]) }), shown: 'data' },
	{ name: 'replyTo', put: (replyTo) => ({ text: SENTENCE, replyTo }) },
	{ name: 'key', put: (key) => ({ text: SENTENCE, key }) },
	{ name: 'at', put: (at) => ({ text: SENTENCE, at }) },
	{ name: 'a field of its own', put: (payload) => ({ text: SENTENCE, ...own(payload, 1) }) },
];

/** Also for `__proto__`. */
function own(key: string, value: unknown): Fields {
	return JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`);
}

/** Rows that a panel as high as this draws at once. */
const ROWS_AT_ONCE = 300;
/** All that a row of ours is made of. */
const ELEMENTS = 'li,span,p,bdi,div,time,a,button,svg,path,pre,img';
const ATTRIBUTES =
	'class,part,data-seq,tabindex,aria-current,aria-hidden,aria-label,aria-expanded,dir,title,datetime,href,target,rel,src,width,height,alt,loading,referrerpolicy,viewBox,d';

interface Case {
	payload: string;
	draft: Fields;
}

/** What a row shows, as the page says it. */
interface SeenRow {
	seq: number;
	height: number;
	/** What is rendered, what the nodes hold, and what they are. */
	text: string;
	content: string;
	html: string;
	links: { href: string; text: string; title: string; rel: string; target: string }[];
	images: { src: string; referrer: string }[];
	data: string | undefined;
	strangers: string[];
}

export const runInjection: ReadingScenario = async ({ short, browser }) => {
	const relay = await startRelay({ vars: {} });
	const site = await startSite();
	const failures: string[] = [];
	const lines: string[] = [];
	const sum = { drafts: 0, shown: 0, unseen: 0, refused: 0, scripts: 0, links: 0, unsafe: 0 };
	const payloads = PAYLOADS.map(({ text }) => text).filter((_, index) => !short || index % 11 === 0);
	const watch = (body: string, pictures: readonly string[] = []) =>
		openWatched(
			browser,
			site.addPage(
				`<!doctype html><html lang="en"><meta charset="utf-8"><title>Hostile</title><link rel="icon" href="data:,">
				<style>live-feed { display: block; block-size: ${short ? 9000 : 60000}px }</style>
				<script type="module" src="${relay.url}/live-feed.js"></script>${body}`,
				// Nothing is kept from running: what would have been is told.
				{ 'content-security-policy-report-only': `script-src ${relay.url}; base-uri 'none'; object-src 'none'` },
			),
			[relay.url, relay.url.replace('http', 'ws'), site.origin, 'data:,', ...pictures],
		);
	try {
		const panels: { field: Field; channel: string; cases: Map<number, Case> }[] = [];
		for (const [index, field] of FIELDS.entries()) {
			let refused = 0;
			for (let from = 0; from < payloads.length; from += ROWS_AT_ONCE) {
				const channel = `field-${index}-${from}`;
				const some = payloads
					.slice(from, from + ROWS_AT_ONCE)
					.map((payload) => ({ payload, draft: field.put(payload, site.origin) }));
				const { cases, errors } = await publish(`${relay.url}/channels/${channel}/events`, some);
				refused += errors.length;
				for (const code of errors) if (code !== 'invalid-event') failures.push(`${field.name}: refused with ${code}`);
				if (cases.size + errors.length !== some.length) failures.push(`${field.name}: an answer is missing`);
				if (cases.size > 0) panels.push({ field, channel, cases });
			}
			sum.drafts += payloads.length;
			sum.refused += refused;
			lines.push(`${field.name}: ${payloads.length - refused} taken, ${refused} refused with invalid-event`);
		}

		// In the short form all of them in one page.
		for (const some of short ? [panels] : panels.map((panel) => [panel])) {
			const { page, readCaught } = await watch(
				some
					.map(({ channel }) => `<live-feed channel="${channel}" history="${ROWS_AT_ONCE}" no-fold></live-feed>`)
					.join(''),
				some.flatMap(({ cases }) => [...cases.values()].flatMap(readPictures)),
			);
			const before = await page.evaluate(() => Object.getOwnPropertyNames(Object.prototype).join());
			for (const [index, { field, cases }] of some.entries()) {
				const rows = await readRows(page, index, cases.size, field.shown === 'data');
				if (rows.length !== cases.size) failures.push(`${field.name}: ${rows.length} rows of ${cases.size} are drawn`);
				for (const row of rows) {
					const one = cases.get(row.seq);
					if (!one) continue;
					if (field.shown) sum.shown++;
					else sum.unseen++;
					sum.links += row.links.length;
					const payload = one.payload.toWellFormed(); // as the relay stores it
					const stored = { payload, draft: field.put(payload, site.origin) };
					const wrong = [...checkRow(row), ...checkField(field, stored, row)];
					if (wrong.some((what) => what.startsWith('link'))) sum.unsafe++;
					failures.push(...wrong.map((what) => `${field.name}, ${JSON.stringify(one.payload)}: ${what}`));
				}
			}
			const caught = await readCaught();
			sum.scripts += caught.scripts.length;
			failures.push(...tellCaught(some.map(({ field }) => field.name).join(), caught));
			if ((await page.evaluate(() => Object.getOwnPropertyNames(Object.prototype).join())) !== before)
				failures.push('Object.prototype has changed');
			await page.close();
		}
		const told = site.pictures.filter(({ referer, cookie }) => referer !== undefined || cookie !== undefined).length;
		if (site.pictures.length === 0) failures.push('no picture was asked for');
		if (told > 0) failures.push(`${told} pictures were asked for with a referrer or a cookie`);

		// The trap is open: the same texts, written as HTML, run.
		const { page, readCaught } = await watch('<div id="place"></div>');
		await page.evaluate((texts: string[]) => {
			for (const text of texts) document.createElement('div').innerHTML = text;
		}, payloads);
		await until(async () => (await readCaught()).scripts.length > 0, 10_000);
		const control = (await readCaught()).scripts.length;
		if (control === 0) failures.push('the trap has caught nothing where everything is allowed to run');
		await page.close();

		const figure = `${payloads.length} payloads in ${FIELDS.length} places, ${sum.drafts} drafts: ${sum.shown} to be read in their rows, ${sum.unseen} rows where the field is never shown, ${sum.refused} refused; ${sum.scripts} scripts run, ${sum.unsafe} unsafe links of ${sum.links}`;
		return {
			lines: [
				figure,
				`written as HTML, the same payloads have run ${control} scripts; ${site.pictures.length} pictures, ${told} with a referrer`,
				...(short ? [] : lines),
			],
			failures: few(failures, 20),
		};
	} finally {
		await relay.stop();
		await site.close();
	}
};

/** Which of the drafts were taken, by `seq`, and the codes of those that were refused. */
async function publish(
	address: string,
	some: readonly Case[],
): Promise<{ cases: Map<number, Case>; errors: string[] }> {
	const answer = await fetch(address, {
		method: 'POST',
		headers: { 'content-type': 'application/json' },
		body: JSON.stringify(some.map(({ draft }) => draft)),
	});
	const { events } = (await answer.json()) as { events: ({ seq: number } | { error: { code: string } })[] }; // one for each
	const cases = new Map<number, Case>();
	const errors: string[] = [];
	for (const [index, event] of events.entries()) {
		const one = some[index];
		if ('error' in event) errors.push(event.error.code);
		else if (one) cases.set(event.seq, one);
	}
	return { cases, errors };
}

/** The rows of a panel, with all that can be unfolded unfolded. */
async function readRows(page: Page, panel: number, count: number, hasData: boolean): Promise<SeenRow[]> {
	const isThere = () =>
		page.evaluate(
			(which, wanted, selector) => {
				const root = document.querySelectorAll('live-feed')[which]?.shadowRoot;
				// Each of a row's buttons is there once what is loaded later is.
				return (root?.querySelectorAll(`[data-seq] ${selector}`).length ?? 0) >= wanted;
			},
			panel,
			count,
			hasData ? '.data' : '.act',
		);
	await until(isThere, 30_000);
	await page.evaluate((which) => {
		const root = document.querySelectorAll('live-feed')[which]?.shadowRoot;
		for (const button of root?.querySelectorAll<HTMLElement>('.data, .row-long .more') ?? []) button.click();
	}, panel);
	if (hasData) {
		const isUnfolded = () =>
			page.evaluate(
				(which, wanted) => {
					const root = document.querySelectorAll('live-feed')[which]?.shadowRoot;
					return (root?.querySelectorAll('[data-seq] pre').length ?? 0) >= wanted;
				},
				panel,
				count,
			);
		await until(isUnfolded, 30_000);
	}
	const seen = await page.evaluate(
		(which, elements, attributes) => {
			const root = document.querySelectorAll('live-feed')[which]?.shadowRoot;
			const known = attributes.split(',');
			// biome-ignore lint/performance/useDomNodeTextContent: what is rendered is what is to be known
			const read = (element: HTMLElement | null) => element?.innerText;
			return JSON.stringify(
				[...(root?.querySelectorAll<HTMLElement>('[data-seq]') ?? [])].map((row) => ({
					seq: Number(row.dataset.seq),
					height: row.getBoundingClientRect().height,
					text: read(row),
					content: row.textContent,
					html: row.outerHTML,
					links: [...row.querySelectorAll('a')].map((a) => ({
						href: a.href,
						text: read(a),
						title: a.title,
						rel: a.rel,
						target: a.target,
					})),
					images: [...row.querySelectorAll('img')].map((img) => ({ src: img.src, referrer: img.referrerPolicy })),
					data: read(row.querySelector('pre')),
					strangers: [row, ...row.querySelectorAll('*')].flatMap((element) => [
						...(element.matches(elements) ? [] : [element.localName]),
						...element.getAttributeNames().filter((name) => !known.includes(name)),
					]),
				})),
			);
		},
		panel,
		ELEMENTS,
		ATTRIBUTES,
	);
	return JSON.parse(seen) as SeenRow[]; // what the page has just made
}

function parse(address: string): Partial<URL> {
	return URL.canParse(address) ? new URL(address) : {};
}

/** The picture that a row may ask for. */
function readPictures({ draft }: Case): string[] {
	const { image } = (draft.actor ?? {}) as { image?: string }; // ours
	return image === undefined ? [] : [new URL(image).href];
}

/** What holds for every row. */
function checkRow({ height, links, images, strangers }: SeenRow): string[] {
	return [
		...(height > 0 ? [] : ['the row is not seen']),
		...strangers.map((what) => `the row holds ${what}`),
		...links.flatMap(({ href, rel, target }) => {
			const { protocol = '', username, password } = parse(href);
			const isSafe = ['http:', 'https:', 'mailto:'].includes(protocol) && !username && !password;
			return isSafe && rel === 'noopener noreferrer' && target === '_blank' ? [] : [`link to ${href}`];
		}),
		...images.flatMap(({ src, referrer }) =>
			/^https?:$/.test(parse(src).protocol ?? '') && referrer === 'no-referrer' ? [] : [`picture of ${src}`],
		),
	];
}

/** The payload can be read, where the field is one that is shown; otherwise it is nowhere. */
function checkField({ name, shown }: Field, { payload, draft }: Case, row: SeenRow): string[] {
	// Code stands there without its ticks, and behind a link may be said where it goes.
	const plain = (text: string) => text.replace(/[`\r]| \([\w.-]+\)/g, '');
	// Firefox renders no characters that have no shape.
	const legible = (text: string) => plain(text).replace(/\p{Cf}/gu, '');
	if (shown === 'text') {
		const isThere = plain(row.content).includes(plain(payload)) && legible(row.text).includes(legible(payload));
		return isThere ? [] : [`its row reads ${JSON.stringify(row.text)}`];
	}
	if (!row.text.includes(SENTENCE)) return [`its row reads ${JSON.stringify(row.text)}`];
	if (shown === 'data') {
		const { data = '' } = row;
		const isWhole = isDeepStrictEqual(JSON.parse(data), draft.data);
		return isWhole && !/[\u202a-\u202e\u2066-\u2069\u200b]/.test(data) ? [] : [`its data read ${JSON.stringify(data)}`];
	}
	if (shown === 'link') {
		const url = new URL(String(draft.url));
		const [link] = row.links;
		// Engines differ in whether they escape the space before a fragment.
		const unspaced = (href = '') => href.replace(/(%20| )+(?=#)/, '');
		const isSame = (href?: string) => unspaced(href) === unspaced(url.href);
		const isHonest =
			isSame(link?.href) && isSame(link?.title) && link?.text.includes(url.host || url.pathname.trimEnd());
		return isHonest ? [] : [`its link reads ${JSON.stringify(link)}`];
	}
	const isAddress = name.startsWith('actor.image');
	if (isAddress) return row.images.length <= 1 ? [] : ['more than one picture'];
	return payload.length > 3 && row.html.includes(payload) ? ['it is in the row'] : [];
}

/** What a page was caught at, as sentences. */
export function tellCaught(where: string, { scripts, violations, strays, errors }: Caught): string[] {
	return [
		...scripts.map((what) => `${where}: ran ${what}`),
		...violations.map((what) => `${where}: violated ${what}`),
		...strays.map((what) => `${where}: asked for ${what}`),
		...errors.map((what) => `${where}: ${what}`),
	];
}
