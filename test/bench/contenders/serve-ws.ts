// A hub of nothing but `ws`: what comes from a publisher goes to every viewer, as its documentation shows it.
// Knows sockets; never knows what is said. Started by ws.ts.
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';

const viewers = new Set<WebSocket>();
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, backlog: 4096 });
server.on('listening', () => process.send?.((server.address() as AddressInfo).port));
server.on('connection', (socket, request) => {
	socket.on('error', () => {}); // `close` follows
	if (request.url === '/publish') {
		socket.on('message', (data, isBinary) => {
			for (const viewer of viewers) if (viewer.readyState === WebSocket.OPEN) viewer.send(data, { binary: isBinary });
		});
		return;
	}
	viewers.add(socket);
	socket.on('close', () => viewers.delete(socket));
});
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {}); // whoever started it ends it
