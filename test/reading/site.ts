// The pages that the panels stand in, from an origin of their own, and pictures that come when they are let go.
// Knows HTML, widths and a server; never knows what is read there.
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { ROOT } from '../support/sources.ts';

const SCRIPTS = path.join(ROOT, 'dist', 'site', 'script');

/** Sizes that a page can give its panel, by the class of its body. */
const SHEET = `
	body { margin: 0; padding: 8px 0 0 8px; font: 16px/1.25 sans-serif; }
	live-feed { display: block; inline-size: 640px; block-size: 520px; }
	body.narrow live-feed { inline-size: 420px; }
	body.wide live-feed { inline-size: 900px; }
	body.low live-feed { block-size: 380px; }
	body.high live-feed { block-size: 680px; }
	.beside { position: absolute; inset: 720px auto auto 8px; }
	.outline { outline: 1px dashed; }
`;

export interface Site {
	readonly origin: string;
	/** The address of a page with this body and the script. */
	addPage(body: string): string;
	/** The address of a picture of so many pixels that is not answered before `release()`. */
	picture(width: number, height: number, name: string): string;
	/** Answers up to so many of the pictures that were asked for, oldest first; says how many. */
	release(count: number): number;
	/** Pictures asked for and not answered, and those that were answered. */
	readonly pending: number;
	readonly served: number;
	close(): Promise<void>;
}

/** The site's script must have been built. */
export async function startSite(): Promise<Site> {
	const pages = new Map<string, string>();
	const waiting: { response: ServerResponse; width: number; height: number }[] = [];
	let served = 0;
	const server = createServer((request, response) => {
		const { pathname } = new URL(request.url ?? '/', 'http://localhost');
		const size = /^\/picture\/(\d+)x(\d+)\//.exec(pathname);
		if (size) {
			const one = { response, width: Number(size[1]), height: Number(size[2]) };
			waiting.push(one);
			// A row that was taken away does not want it any more.
			response.once('close', () => {
				const index = waiting.indexOf(one);
				if (index >= 0) waiting.splice(index, 1);
			});
			return;
		}
		if (pathname.endsWith('.js')) {
			readFile(path.join(SCRIPTS, path.normalize(pathname))).then(
				(script) => response.setHeader('content-type', 'text/javascript').end(script),
				() => response.writeHead(404).end(),
			);
			return;
		}
		response.setHeader('content-type', 'text/html; charset=utf-8');
		response.end(pages.get(pathname) ?? '<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,">');
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // it listens on a port
	return {
		origin,
		addPage(body) {
			const pathname = `/${pages.size + 1}`;
			pages.set(
				pathname,
				`<!doctype html><html lang="en"><meta charset="utf-8"><title>Reading</title><link rel="icon" href="data:,"><style>${SHEET}</style><script type="module" src="/live-feed.js"></script><body>${body}`,
			);
			return origin + pathname;
		},
		picture: (width, height, name) => `${origin}/picture/${width}x${height}/${name}.png`,
		release(count) {
			const now = waiting.splice(0, count);
			for (const { response, width, height } of now) {
				served++;
				response.writeHead(200, { 'content-type': 'image/png', 'cache-control': 'no-store' });
				response.end(drawPicture(width, height));
			}
			return now.length;
		},
		get pending() {
			return waiting.length;
		},
		get served() {
			return served;
		},
		async close() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

/** A grey PNG (RFC 2083): eight bits, no filter. */
function drawPicture(width: number, height: number): Buffer {
	const head = Buffer.alloc(13);
	head.writeUInt32BE(width, 0);
	head.writeUInt32BE(height, 4);
	head[8] = 8;
	const rows = Buffer.alloc((width + 1) * height, 0x99);
	for (let y = 0; y < height; y++) rows[y * (width + 1)] = 0;
	const chunk = (type: string, data: Buffer) => {
		const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
		const frame = Buffer.alloc(body.length + 8);
		frame.writeUInt32BE(data.length, 0);
		body.copy(frame, 4);
		frame.writeUInt32BE(crc(body), body.length + 4);
		return frame;
	};
	const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
	return Buffer.concat([
		signature,
		chunk('IHDR', head),
		chunk('IDAT', deflateSync(rows)),
		chunk('IEND', Buffer.alloc(0)),
	]);
}

function crc(bytes: Buffer): number {
	let sum = 0xffffffff;
	for (const byte of bytes) {
		sum ^= byte;
		for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
	}
	return (sum ^ 0xffffffff) >>> 0;
}
