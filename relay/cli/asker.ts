// Requests to a relay that may be something else: each with its time, and whatever is answered is an answer.
// Knows fetch and what proxies write into headers; never knows what is asked for.
import { authorize } from './access.ts';

const TIMEOUT_MS = 5000;
/** What stands between writes its name into these. */
const TRACES: readonly [header: string, name?: string][] = [
	['server'],
	['via'],
	['cf-ray', 'Cloudflare'],
	['x-amz-cf-id', 'CloudFront'],
	['x-served-by'],
	['x-varnish', 'Varnish'],
	['x-cache'],
];

export interface Answered {
	status: number;
	headers: Headers;
	/** The body, where it is JSON. */
	json: Record<string, unknown> | undefined;
	/** When it was asked and when the head of the answer was there, milliseconds of `performance.now()`. */
	asked: number;
	answered: number;
}

/** Nobody answered, or not in HTTP. */
export class Unanswered extends Error {
	override readonly name = 'Unanswered';
	readonly code: string;

	constructor(error: unknown) {
		const { name, cause, message } = error as { name?: string; message?: string; cause?: { code?: string } };
		super(message ?? String(error));
		this.code = name === 'TimeoutError' ? 'ETIMEDOUT' : (cause?.code ?? message ?? 'unknown');
	}
}

export class Asker {
	/** Without a slash at the end. */
	readonly relay: string;
	readonly token: string | undefined;

	constructor(relay: string, token: string | undefined) {
		this.relay = relay;
		this.token = token;
	}

	/** Headers of a request by whoever has the token. */
	headers(more: Record<string, string> = {}): Record<string, string> {
		return { ...authorize(this.token), ...more };
	}

	/** @throws Unanswered */
	async ask(path: string, headers: Record<string, string> = {}, isToken = true): Promise<Answered> {
		const asked = performance.now();
		try {
			const response = await fetch(this.relay + path, {
				headers: isToken ? this.headers(headers) : headers,
				redirect: 'manual',
				signal: AbortSignal.timeout(TIMEOUT_MS),
			});
			const answered = performance.now();
			const text = await response.text();
			return { status: response.status, headers: response.headers, json: parse(text), asked, answered };
		} catch (error) {
			throw new Unanswered(error);
		}
	}
}

function parse(text: string): Record<string, unknown> | undefined {
	try {
		const value = JSON.parse(text);
		return typeof value === 'object' && value !== null ? value : undefined;
	} catch {
		return undefined; // a page of somebody else
	}
}

/** Who wrote into the answer on its way, as `nginx/1.22.1, Cloudflare`; undefined where nobody did. */
export function findTraces(headers: Headers): string | undefined {
	const found = TRACES.flatMap(([header, name]) => {
		const value = headers.get(header);
		return value === null ? [] : [name ?? value.slice(0, 60)];
	});
	return found.length > 0 ? [...new Set(found)].join(', ') : undefined;
}
