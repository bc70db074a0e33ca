// Pages of an origin of their own with whatever headers they are to have, and what the browser says of them.
// Knows HTML, headers and a browser's reports; never knows what a page shows.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'puppeteer-core';

export interface Site {
	readonly origin: string;
	/** Headers of all requests for `/picture/…`. */
	readonly pictures: IncomingHttpHeaders[];
	/** The address of a page with this body, and with these headers. */
	addPage(html: string, headers?: Record<string, string>): string;
	close(): Promise<void>;
}

/** A grey dot. */
const PICTURE = Buffer.from('R0lGODlhAQABAIAAAJmZmQAAACwAAAAAAQABAAACAkQBADs=', 'base64');

export async function startSite(): Promise<Site> {
	const pages = new Map<string, { html: string; headers: Record<string, string> }>();
	const pictures: IncomingHttpHeaders[] = [];
	const server = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? '/', 'http://localhost');
		if (pathname.startsWith('/picture/')) {
			pictures.push(request.headers);
			response.setHeader('content-type', 'image/gif').end(PICTURE);
			return;
		}
		const page = pages.get(pathname);
		for (const [name, value] of Object.entries(page?.headers ?? {})) response.setHeader(name, value);
		response.setHeader('content-type', 'text/html; charset=utf-8');
		response.end(page?.html ?? '<!doctype html><title>Elsewhere</title>');
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
	return {
		origin,
		pictures,
		addPage(html, headers = {}) {
			const pathname = `/${pages.size + 1}`;
			pages.set(pathname, { html, headers });
			return origin + pathname;
		},
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

/** What a page has been caught at. */
export interface Caught {
	/** Calls of `pwned()`, by script or by a dialog. */
	scripts: string[];
	/** Directive and what it would not have. */
	violations: string[];
	/** Where it asked for something it was not to ask for, or went to. */
	strays: string[];
	/** Errors that nobody caught, and what the console calls one. */
	errors: string[];
}

/** In the page. */
interface Trapped {
	pwnedBy: string[];
	violations: string[];
}

/** Opens a page that is watched from its first moment. */
export async function openWatched(
	browser: Browser,
	address: string,
	allowed: readonly string[],
): Promise<{ page: Page; readCaught: () => Promise<Caught> }> {
	const page = await browser.newPage();
	const told: Caught = { scripts: [], violations: [], strays: [], errors: [] };
	// The compiler of the tests wraps functions in it, those that go into the page too.
	await page.evaluateOnNewDocument('globalThis.__name = (target) => target');
	await page.evaluateOnNewDocument(() => {
		const trap: Trapped = { pwnedBy: [], violations: [] };
		Object.assign(globalThis, { trap, pwned: () => trap.pwnedBy.push(new Error('pwned').stack ?? '') });
		document.addEventListener('securitypolicyviolation', (event) => {
			trap.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample} ${event.sourceFile}`);
		});
	});
	page.on('dialog', (dialog) => {
		told.scripts.push(`dialog: ${dialog.message()}`);
		dialog.dismiss().catch(() => {}); // it is gone already
	});
	page.on('popup', (popup) => told.strays.push(`popup ${popup?.url()}`));
	page.on('pageerror', (error) => told.errors.push(String(error)));
	page.on('console', (message) => {
		if (/content.security|trusted/i.test(message.text())) told.violations.push(message.text());
		// A picture at an address that nobody has is the publisher's fault.
		else if (message.type() === 'error' && !/ERR_NAME_NOT_RESOLVED/.test(message.text()))
			told.errors.push(message.text());
	});
	page.on('request', (request) => {
		if (!allowed.some((start) => request.url().startsWith(start))) told.strays.push(request.url());
	});
	await page.goto(address);
	page.on('framenavigated', (frame) => {
		const to = frame.url();
		if (to.replace(/#.*/, '') !== address) told.strays.push(`went to ${to}`);
	});
	return {
		page,
		async readCaught() {
			const { pwnedBy, violations } = await page.evaluate(() => (globalThis as unknown as { trap: Trapped }).trap);
			return {
				...told,
				scripts: [...told.scripts, ...pwnedBy],
				violations: [...told.violations, ...violations],
			};
		},
	};
}
