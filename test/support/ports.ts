// Finds a port that nothing listens on.
// Knows the machine's ports; never knows who will use one.
import net from 'node:net';

/** A port of 127.0.0.1 that is free now. It is not reserved: take it soon. */
export async function findFreePort(): Promise<number> {
	return await new Promise((resolve, reject) => {
		const server = net.createServer();
		server.once('error', reject);
		server.listen(0, '127.0.0.1', () => {
			const address = server.address();
			server.close(() => {
				if (typeof address === 'object' && address !== null) resolve(address.port);
				else reject(new Error('Expected the system to name the port it gave.'));
			});
		});
	});
}
