// The cases of the log's contract on Durable Objects, each in an object of its own with its own storage.
// Knows Durable Objects; never knows what a case checks.
import { DurableObject } from 'cloudflare:workers';
import { type EngineStorage, runCase } from './run-case.ts';

export class Channel extends DurableObject {
	override fetch(request: Request): Promise<Response> {
		return runCase(request, this.ctx.storage as unknown as EngineStorage); // its methods
	}
}

export default {
	async fetch(request: Request, { CHANNEL }: { CHANNEL: DurableObjectNamespace<Channel> }): Promise<Response> {
		const { pathname, search } = new URL(request.url);
		if (pathname === '/health') return new Response('ok');
		return CHANNEL.getByName(crypto.randomUUID()).fetch(`http://case/${search}`);
	},
};
