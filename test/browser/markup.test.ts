// What a page publishes by markup alone, in a real browser against a real relay.
import { expect } from 'chai';
import type { FeedError } from '../../relay/protocol/errors.ts';
import type { FeedEvent, Page } from '../../relay/protocol/event.ts';
import '../../widget/index.ts';
import { relayUrl } from '../support/relay-in-browser.ts';
import { newChannel, until } from './page.ts';

let channel: string;
let room: HTMLElement;
const errors: { error: unknown; from: EventTarget | null }[] = [];
const said: string[] = [];
const consoleError = console.error;

/** Puts markup into the page, inside an element that declares the test's channel and relay. */
function write(html: string, attributes: Record<string, string> = {}): HTMLElement {
	room = document.createElement('div');
	const all = { 'data-live-feed-channel': channel, 'data-live-feed-relay': relayUrl, ...attributes };
	for (const [name, value] of Object.entries(all)) if (value) room.setAttribute(name, value);
	room.innerHTML = html;
	document.body.append(room);
	return room;
}

const find = <T extends HTMLElement = HTMLElement>(selector: string): T => room.querySelector(selector) as T; // the test has written it

/** What is stored, once it is so many; and a moment later, when more would have come, no more. */
async function stored(count: number, of = channel): Promise<FeedEvent[]> {
	const read = async () => ((await (await fetch(`${relayUrl}/channels/${of}/events?after=0`)).json()) as Page).events;
	await until(async () => (await read()).length >= count, `${count} events`);
	// What is published last is stored last, by whichever line: what came before it is there.
	const after = document.createElement('button');
	after.dataset.liveFeedPublish = 'after';
	for (const [name, value] of Object.entries({ channel: of, relay: relayUrl }))
		after.setAttribute(`data-live-feed-${name}`, value);
	document.body.append(after);
	after.click();
	after.remove();
	await until(async () => (await read()).at(-1)?.type === 'after', 'what comes after');
	const events = await read();
	expect(events.filter(({ type }) => type !== 'after').map(({ type }) => type)).to.have.length(count);
	return events.filter(({ type }) => type !== 'after');
}

/** Fields that the page has given, without what the relay adds. */
const given = ({ type, text, level, url, data, status, actor }: FeedEvent) =>
	JSON.parse(JSON.stringify({ type, text, level, url, data, status, actor }));

describe('data-live-feed-publish', () => {
	const stop = new AbortController();
	before(() => {
		document.addEventListener('live-feed-error', ({ error, target }) => errors.push({ error, from: target }), stop);
		// Pages are not left here.
		document.addEventListener('submit', (event) => event.preventDefault(), stop);
		const isLink = (node: EventTarget) => node instanceof HTMLAnchorElement;
		for (const type of ['click', 'auxclick'])
			document.addEventListener(type, (event) => event.composedPath().some(isLink) && event.preventDefault(), stop);
	});
	after(() => stop.abort());
	beforeEach(() => {
		channel = newChannel();
		errors.length = 0;
		said.length = 0;
		console.error = (first: unknown) => said.push(String(first));
	});
	afterEach(() => {
		console.error = consoleError;
		room.remove();
	});

	it('publishes a click with the declared fields, and with nothing else', async () => {
		write(`<a href="/secret?token=1" id="go" class="x" title="Title" data-other="1" data-live-feed-publish="link.click"
			data-live-feed-text="Opened the guide" data-live-feed-level="success" data-live-feed-url="https://example.org/guide"
			data-live-feed-data='{"page": 3, "deep": [null, true]}' data-live-feed-status="open"><b>Words of the page</b></a>
			<button data-live-feed-publish="bare">Words of the page</button>`);
		find('b').click();
		find('button').click();
		const events = await stored(2);
		expect(events.map(given)).to.deep.equal([
			{
				type: 'link.click',
				text: 'Opened the guide',
				level: 'success',
				url: 'https://example.org/guide',
				data: { page: 3, deep: [null, true] },
				status: 'open',
			},
			{ type: 'bare' },
		]);
		expect(errors).to.deep.equal([]);
	});

	it('takes an address from the page’s own', async () => {
		write('<button data-live-feed-publish="a" data-live-feed-url="/guide?x=1">a</button>');
		find('button').click();
		expect((await stored(1))[0]?.url).to.equal(`${location.origin}/guide?x=1`);
	});

	it('publishes for the nearest declared element alone', async () => {
		write(`<div data-live-feed-publish="outer"><p data-live-feed-publish="inner"><b>b</b></p><i>i</i></div>`);
		find('b').click();
		find('i').click();
		expect((await stored(2)).map(({ type }) => type)).to.deep.equal(['inner', 'outer']);
	});

	it('takes the nearest channel, also out of a shadow root', async () => {
		const other = newChannel();
		write(
			`<section data-live-feed-channel="${other}"><x-host></x-host></section><button data-live-feed-publish="near">b</button>`,
		);
		const root = find('x-host').attachShadow({ mode: 'open' });
		root.innerHTML = '<button data-live-feed-publish="far"><b>b</b></button>';
		root.querySelector('b')?.click();
		find('button').click();
		expect((await stored(1, other)).map(({ type }) => type)).to.deep.equal(['far']);
		expect((await stored(1)).map(({ type }) => type)).to.deep.equal(['near']);
	});

	it('without a channel goes to the first panel of the page, over its own connection', async () => {
		write(
			`<live-feed relay="${relayUrl}" channel="${channel}"></live-feed><live-feed relay="${relayUrl}" channel="${newChannel()}"></live-feed>
			<button data-live-feed-publish="a">a</button>`,
			{ 'data-live-feed-channel': '', 'data-live-feed-relay': '' },
		);
		const feed = room.querySelector('live-feed');
		await until(() => feed?.connection === 'live', 'live');
		const sockets = countSockets();
		const received: string[] = [];
		feed?.subscribe('*', ({ type }) => received.push(type));
		find('button').click();
		await until(() => received.length === 1, 'the event');
		expect(received).to.deep.equal(['a']);
		expect(sockets()).to.equal(0);
	});

	it('uses the panel of a declared channel, and a line of its own where there is none', async () => {
		const other = newChannel();
		write(
			`<live-feed relay="${relayUrl}" channel="${newChannel()}"></live-feed><live-feed relay="${relayUrl}" channel="${channel}"></live-feed>
			<button data-live-feed-publish="a">a</button><i data-live-feed-channel="${other}" data-live-feed-publish="b">b</i>`,
			{ 'data-live-feed-relay': '' },
		);
		const [first, second] = room.querySelectorAll('live-feed');
		await until(() => first?.connection === 'live' && second?.connection === 'live', 'live');
		const sockets = countSockets();
		find('button').click();
		await until(() => second?.events.length === 1, 'the event');
		expect(sockets()).to.equal(0);
		find('i').setAttribute('data-live-feed-relay', relayUrl);
		find('i').click();
		find('i').click();
		expect(await stored(2, other)).to.have.length(2);
		expect(sockets()).to.equal(1);
	});

	it('lets the page alter, replace or cancel the draft, at the element that was pressed', async () => {
		write(
			'<button data-live-feed-publish="a">a</button><i data-live-feed-publish="b">b</i><u data-live-feed-publish="c">c</u>',
		);
		const seen: unknown[] = [];
		room.addEventListener('live-feed-publish', (event) => {
			seen.push(event.target);
			if (event.draft.type === 'a') event.preventDefault();
			if (event.draft.type === 'b') event.draft.data = { altered: true };
			if (event.draft.type === 'c') event.draft = { type: 'other' };
		});
		const receipts: number[] = [];
		document.addEventListener('live-feed-published', ({ receipt }) => receipts.push(receipt.seq), stop);
		for (const name of ['button', 'i', 'u']) find(name).click();
		expect(seen).to.deep.equal([find('button'), find('i'), find('u')]);
		expect((await stored(2)).map(given)).to.deep.equal([{ type: 'b', data: { altered: true } }, { type: 'other' }]);
		expect(receipts.slice(0, 2)).to.deep.equal([1, 2]);
		expect(errors).to.deep.equal([]);
	});

	it('publishes the submits of a form, and not the clicks in it, with the named fields alone', async () => {
		write(`<form data-live-feed-publish="asked" data-live-feed-data='{"page": 3}' data-live-feed-fields="name topic many agree colour elements go nobody">
			<input name="name" value="Ada"><input name="private" value="never"><textarea name="topic">A
B</textarea><input name="elements" value="Fe">
			<select name="many" multiple><option selected>1<option selected>2<option>3</select>
			<input type="checkbox" name="agree" checked><input type="checkbox" name="agree" value="no">
			<input type="radio" name="colour" value="red"><input type="radio" name="colour" value="blue" checked>
			<input name="colour" value="disabled" disabled>
			<button name="go" value="slow">a</button><button name="go" value="fast" id="fast">b</button></form>`);
		find('input').click();
		find('#fast').click();
		expect((await stored(1)).map(given)).to.deep.equal([
			{
				type: 'asked',
				data: {
					...{ page: 3, name: 'Ada', topic: 'A\nB', many: ['1', '2'], agree: 'on', colour: 'blue' },
					...{ elements: 'Fe', go: 'fast' },
				},
			},
		]);
	});

	it('never reads passwords, codes, cards and files, even where they are named, and says so', async () => {
		write(`<form data-live-feed-publish="asked" data-live-feed-fields="name password shown new code card month file">
			<input name="name" value="Ada"><input type="password" name="password" value="pa55"><input name="shown" autocomplete="current-password" value="pa55">
			<input name="new" autocomplete="section-a new-password" value="pa55"><input name="code" autocomplete="one-time-code" value="pa55">
			<input type="hidden" name="card" autocomplete="billing cc-number" value="4111pa55"><select name="month" autocomplete="CC-EXP"><option selected>pa55</select>
			<input type="file" name="file"><button>a</button></form>`);
		const { files } = new DataTransfer();
		find<HTMLInputElement>('[type=file]').files = files;
		find('button').click();
		const events = await stored(1);
		expect(events.map(given)).to.deep.equal([{ type: 'asked', data: { name: 'Ada' } }]);
		expect(JSON.stringify(events)).not.to.contain('pa55');
		for (const name of ['password', 'shown', 'new', 'code', 'card', 'month', 'file'])
			expect(said.filter((line) => line.includes(`\`${name}\` is not published`))).to.have.length(1);
	});

	it('publishes a form without names without its fields, and one that is not valid not at all', async () => {
		write('<form data-live-feed-publish="a"><input name="x" required><button>a</button></form>');
		find('button').click();
		find<HTMLInputElement>('input').value = 'x';
		find('button').click();
		expect((await stored(1)).map(given)).to.deep.equal([{ type: 'a' }]);
	});

	it('hears forms in shadow roots', async () => {
		write('<x-host></x-host>');
		const outer = find('x-host').attachShadow({ mode: 'open' });
		outer.innerHTML = '<x-inner></x-inner>';
		const root = (outer.firstElementChild as HTMLElement).attachShadow({ mode: 'open' });
		root.innerHTML =
			'<form data-live-feed-publish="deep" data-live-feed-fields="x"><input name="x" value="1"><button>a</button></form>';
		root.addEventListener('submit', (event) => event.preventDefault());
		root.querySelector('button')?.click();
		root.querySelector('button')?.click();
		expect((await stored(2)).map(given)).to.deep.equal([
			{ type: 'deep', data: { x: '1' } },
			{ type: 'deep', data: { x: '1' } },
		]);
	});

	it('takes what follows from one press for one: a label and its control, a form submitted again, a double click', async () => {
		write(`<div data-live-feed-publish="labelled"><label><b>words</b><input type="checkbox"></label></div>
			<form data-live-feed-publish="form"><button>a</button></form>`);
		find('b').click();
		const form = find<HTMLFormElement>('form');
		form.addEventListener('submit', () => setTimeout(() => form.requestSubmit()), { once: true });
		const again = new Promise((resolve) => {
			let count = 0;
			form.addEventListener('submit', () => ++count === 2 && resolve(undefined));
		});
		find('button').click();
		await again;
		const click = (detail: number) =>
			find('button').dispatchEvent(
				new MouseEvent('click', { bubbles: true, cancelable: true, composed: true, detail }),
			);
		click(1);
		click(2);
		expect((await stored(3)).map(({ type }) => type)).to.deep.equal(['labelled', 'form', 'form']);
	});

	it('counts two quick presses of a button as two', async () => {
		write('<button data-live-feed-publish="a">a</button>');
		find('button').click();
		find('button').click();
		await stored(2);
	});

	it('counts the middle button on a link, and no other on anything', async () => {
		write('<a href="/x" data-live-feed-publish="link"><b>x</b></a><button data-live-feed-publish="button">b</button>');
		const press = (selector: string, button: number) =>
			find(selector).dispatchEvent(
				new MouseEvent('auxclick', { bubbles: true, cancelable: true, composed: true, button }),
			);
		press('b', 1);
		press('b', 2);
		press('b', 3);
		press('button', 1);
		expect((await stored(1)).map(({ type }) => type)).to.deep.equal(['link']);
	});

	it('counts a click that the page prevents or stops further in, and none that never reaches the document', async () => {
		write('<button data-live-feed-publish="a">a</button><i data-live-feed-publish="b">b</i>');
		find('button').onclick = (event) => {
			event.preventDefault();
			event.stopImmediatePropagation();
		};
		find('button').click();
		const end = new AbortController();
		window.addEventListener('click', (event) => event.stopPropagation(), { capture: true, signal: end.signal });
		find('i').click();
		end.abort();
		expect((await stored(1)).map(({ type }) => type)).to.deep.equal(['a']);
	});

	it('does not count what is disabled', async () => {
		write(`<button disabled data-live-feed-publish="a"><b>a</b></button><div data-live-feed-publish="b"><button disabled>b</button></div>
			<button aria-disabled="true" data-live-feed-publish="c">c</button><fieldset disabled><button data-live-feed-publish="d">d</button>
			<a href="/x" data-live-feed-publish="link">a link is not disabled</a></fieldset>`);
		for (const button of room.querySelectorAll('button, b')) {
			(button as HTMLElement).click();
			button.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, composed: true }));
		}
		find('a').click();
		expect((await stored(1)).map(({ type }) => type)).to.deep.equal(['link']);
	});

	it('says once in the console, and in `live-feed-error`, that there is no channel', async () => {
		write('<button data-live-feed-publish="a">a</button>', {
			'data-live-feed-channel': '',
			'data-live-feed-relay': '',
		});
		find('button').click();
		find('button').click();
		await until(() => errors.length === 2, 'the errors');
		expect(errors.map(({ error, from }) => [(error as FeedError).code, from])).to.deep.equal([
			['no-channel', find('button')],
			['no-channel', find('button')],
		]);
		expect(said.filter((line) => line.includes('data-live-feed-channel="deploys"'))).to.have.length(1);
	});

	it('says what is wrong with what is declared, and goes on', async () => {
		write(`<i data-live-feed-publish="a" data-live-feed-data="{page: 3}"></i><i data-live-feed-publish="a b"></i><i data-live-feed-publish="a" data-live-feed-level="fatal"></i>
			<i data-live-feed-publish="a" data-live-feed-url="javascript:alert(1)"></i><i data-live-feed-publish="a" data-live-feed-status="resolved"></i><i data-live-feed-publish></i>
			<i data-live-feed-publish="a" data-live-feed-channel="no channel"></i><i data-live-feed-publish="a" data-live-feed-relay="ftp://x"></i>
			<form data-live-feed-publish="a" data-live-feed-fields="x" data-live-feed-data="[1]"><button>a</button></form><u data-live-feed-publish="fine"></u>`);
		for (const element of room.querySelectorAll('i')) {
			const before = errors.length;
			element.click();
			await until(() => errors.length > before, 'the error');
		}
		find('button').click();
		find('u').click();
		expect((await stored(1)).map(({ type }) => type)).to.deep.equal(['fine']);
		expect(errors.map(({ error }) => (error as FeedError).code)).to.deep.equal([
			...['invalid-json', 'invalid-event', 'invalid-event', 'invalid-event', 'invalid-event', 'invalid-event'],
			...['invalid-channel', 'no-relay', 'invalid-event'],
		]);
		expect(said.length).to.equal(9);
		// What was refused is not kept for another page to try.
		expect(Object.keys(localStorage).filter((name) => name.includes(channel))).to.deep.equal([]);
	});

	it('takes part when markup comes later', async () => {
		write('<p></p>');
		find('p').innerHTML = '<button data-live-feed-publish="later">a</button>';
		find('button').click();
		await stored(1);
	});
});

/** How many sockets are opened from here on. */
function countSockets(): () => number {
	const Real = WebSocket;
	let count = 0;
	globalThis.WebSocket = class extends Real {
		constructor(...given: ConstructorParameters<typeof Real>) {
			super(...given);
			count++;
		}
	};
	return () => count;
}
