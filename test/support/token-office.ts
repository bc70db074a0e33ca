// What gives out tokens to a page: an endpoint of its own, as a page's server has one.
// Knows when it was asked and what it gave; never knows what a relay makes of it.
import { createServer } from 'node:http';

export interface TokenOffice {
	readonly url: string;
	/** Whatever it gave, oldest first; undefined where it gave none. */
	readonly given: (string | undefined)[];
	/** Answers a token, or a status. */
	answer: () => Promise<string | number>;
	stop(): Promise<void>;
}

export async function openTokenOffice(answer: TokenOffice['answer']): Promise<TokenOffice> {
	const given: (string | undefined)[] = [];
	const server = createServer(async (request, response) => {
		const token = await office.answer();
		given.push(typeof token === 'string' ? token : undefined);
		response.writeHead(typeof token === 'string' ? 200 : token, {
			'content-type': 'application/json',
			'access-control-allow-origin': request.headers.origin ?? '*',
			'access-control-allow-credentials': 'true',
		});
		response.end(JSON.stringify(typeof token === 'string' ? { token } : {}));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	if (typeof address !== 'object' || address === null) throw new Error('Expected the server to have a port.');
	const office: TokenOffice = {
		url: `http://127.0.0.1:${address.port}/token`,
		given,
		answer,
		async stop() {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
	return office;
}
