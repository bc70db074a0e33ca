// A server of Socket.IO with connection state recovery: what a publisher emits is emitted to all viewers.
// Knows Socket.IO; never knows what is said. Started by socket-io.ts.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], connectionStateRecovery: {}, serveClient: false });
// Publishers have a namespace of their own: they are no viewers of what they publish.
io.of('/publish').on('connection', (socket) => {
	socket.on('event', (event) => io.emit('event', event));
});
http.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => process.send?.((http.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
process.on('SIGINT', () => {}); // whoever started it ends it
