// One request and its answer, read to the end.
// Knows HTTP; never knows what is asked.
import { look } from './spill.ts';

// biome-ignore lint/suspicious/noExplicitAny: whatever the relay says; the tests say what they expect
export type Json = any;

export interface Answer {
	status: number;
	headers: Headers;
	body: Json;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
	const response = await fetch(url, init);
	const text = look('answers', await response.text());
	const isJson = /json/.test(response.headers.get('content-type') ?? '') && text !== '';
	return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}
