// The same small shop in Express, Hono and Fastify, each on a real port of 127.0.0.1, with the logger of each.
// Knows how each framework is told what to do; never knows what is published of it.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import express from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { type Context, Hono } from 'hono';
import {
	logExpress,
	logFastify,
	logHono,
	type RequestFeed,
	type RequestLogOptions,
} from '../../widget/publisher/index.ts';

/** What a test decides on, in words that are the same for all of them. */
export interface Wish {
	/** By the name that a visitor gives in the header `x-user`. */
	feed: RequestFeed<string>;
	options?: RequestLogOptions<string>;
	/** Called once a request for `/held` has come; answers when it may go on. */
	hold?: () => Promise<unknown>;
}

export interface Shop {
	/** Without a slash at the end. */
	readonly url: string;
	stop(): Promise<void>;
}

/** What each answers besides: `/item/…` and `/health` 200, `POST /order` 201, `/fail` throws, `/begun` begins and never ends. */
export const FRAMEWORKS: Record<string, (wish: Wish) => Promise<Shop>> = {
	async Express({ feed, options, hold }) {
		const app = express();
		const user = (request: express.Request) => request.get('x-user') ?? '';
		app.use(logExpress(byUser(feed, user), by(options, user)));
		const router = express.Router(); // it shortens `url`
		router.get('/:name', (_request, response) => void response.send('an item'));
		app.use('/item', router);
		app.get('/health', (_request, response) => void response.send('well'));
		app.post('/order', express.json(), (_request, response) => void response.status(201).send('thanks'));
		app.get('/held', async (_request, response) => {
			await hold?.();
			response.send('at last');
		});
		app.get('/begun', (_request, response) => void response.write('once upon a time'));
		app.get('/fail', () => {
			throw new Error('on purpose');
		});
		// Or it prints what was thrown.
		app.use((_error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
			response.status(500).send('no');
		});
		return await listen(app.listen(0, '127.0.0.1'));
	},

	async Hono(wish) {
		const server = serve({ fetch: createHono(wish).fetch, port: 0, hostname: '127.0.0.1' });
		return await listen(server);
	},

	async Fastify({ feed, options, hold }) {
		const app = fastify({ forceCloseConnections: true });
		const user = ({ headers }: FastifyRequest) => String(headers['x-user'] ?? '');
		app.addHook('onRequest', logFastify(byUser(feed, user), by(options, user)));
		app.register(
			async (scope) => {
				scope.get('/:name', async () => 'an item');
			},
			{ prefix: '/item' },
		);
		app.get('/health', async () => 'well');
		app.post('/order', async (_request, reply) => reply.code(201).send('thanks'));
		app.get('/held', async () => {
			await hold?.();
			return 'at last';
		});
		app.get('/begun', (_request, reply) => {
			reply.hijack();
			reply.raw.writeHead(200).write('once upon a time');
		});
		app.get('/fail', async () => {
			throw new Error('on purpose');
		});
		const url = await app.listen({ port: 0, host: '127.0.0.1' });
		return { url, stop: () => app.close() };
	},
};

/** Hono without Node beneath it, as other hosts have it: `app.request('/item/1')`. */
export function createHono({ feed, options, hold }: Wish): Hono {
	const app = new Hono();
	const user = ({ req }: Context) => req.header('x-user') ?? '';
	app.use(logHono(byUser(feed, user), by(options, user)));
	app.get('/item/:name', (context) => context.text('an item'));
	app.get('/health', (context) => context.text('well'));
	app.post('/order', (context) => context.text('thanks', 201));
	app.get('/held', async (context) => {
		await hold?.();
		return context.text('at last');
	});
	const begun = () =>
		new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('once upon a time')) });
	app.get('/begun', (context) => context.body(begun()));
	app.get('/fail', () => {
		throw new Error('on purpose');
	});
	app.onError((_error, context) => context.text('no', 500));
	return app;
}

function byUser<Asked>(feed: RequestFeed<string>, user: (asked: Asked) => string): RequestFeed<Asked> {
	return typeof feed === 'function' ? (asked) => feed(user(asked)) : feed;
}

function by<Asked>(options: RequestLogOptions<string> = {}, user: (asked: Asked) => string): RequestLogOptions<Asked> {
	const { actor, path, skip, slowMs } = options;
	return {
		actor: actor && ((asked) => actor(user(asked))),
		path: path && ((asked) => path(user(asked))),
		skip: skip && ((asked) => skip(user(asked))),
		slowMs,
	};
}

async function listen(server: ServerType | Server): Promise<Shop> {
	if (!server.listening) await once(server, 'listening');
	const { port } = server.address() as AddressInfo; // it listens on a port
	const stop = async () => {
		const closed = once(server, 'close');
		server.close();
		if ('closeAllConnections' in server) server.closeAllConnections();
		await closed;
	};
	return { url: `http://127.0.0.1:${port}`, stop };
}
