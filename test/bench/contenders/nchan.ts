// Nchan in nginx, as the bench starts it and talks to it.
// Knows nginx's configuration and Debian's packages; never knows which figure is wanted.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort } from '../../support/ports.ts';
import { keepEnding } from '../ending.ts';
import type { Contender } from './contender.ts';

const NGINX = '/usr/sbin/nginx';
const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';
/** Of those who were away, with room to spare. */
const KEPT = 2000;

/** As Debian configures nginx where nothing is said otherwise; the rest is what Nchan's documentation has. One worker instead of `auto` was no better. */
const configure = (port: number) => `
load_module ${MODULE};
daemon off;
pid nginx.pid;
error_log logs/error.log;
worker_processes auto;
events { worker_connections 16384; multi_accept off; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ')}
	nchan_shared_memory_size 256M;
	nchan_message_buffer_length ${KEPT};
	nchan_message_timeout 1h;
	server {
		listen 127.0.0.1:${port} backlog=4096;
		location ~ ^/sub/([\\w.-]+)$ {
			nchan_subscriber websocket;
			nchan_subscriber_first_message newest;
			nchan_channel_id $1;
		}
		location ~ ^/pub/([\\w.-]+)$ {
			nchan_publisher websocket http;
			nchan_channel_id $1;
		}
	}
}
`;

export const nchan: Contender = {
	name: 'Nchan',
	dialect: {
		viewerPath: (channel, after) =>
			`/sub/${channel}${after === undefined ? '' : `?last_event_id=${encodeURIComponent(after)}`}`,
		greet: () => undefined,
		isWelcomed: false,
		decode: (payload) => ({ kind: 'events', from: 0, to: 0, events: [JSON.parse(payload.toString()).data] }),
		isEvent: () => true,
		publisherPath: (channel) => `/pub/${channel}`,
		greetAsPublisher: () => [],
		publisherWaits: 0,
		encode: (draft) => JSON.stringify(draft),
		isAnswered: true,
		readAnswers: (text) => ({ accepted: text.startsWith('queued messages') ? 1 : 0, refused: 0 }),
	},
	findVersion() {
		if (!existsSync(NGINX) || !existsSync(MODULE)) return undefined;
		const find = (name: string) => execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
		return `${find('libnginx-mod-nchan')}, nginx ${find('nginx-core')}`;
	},
	install: 'apt-get install nginx-core libnginx-mod-nchan',
	async start() {
		const folder = await mkdtemp(path.join(tmpdir(), 'live-feed-nchan-'));
		await mkdir(path.join(folder, 'logs'));
		const port = await findFreePort();
		await writeFile(path.join(folder, 'nginx.conf'), configure(port));
		const child = spawn(NGINX, ['-p', folder, '-c', path.join(folder, 'nginx.conf')], {
			stdio: ['ignore', 'ignore', 'inherit'],
			detached: true, // an interrupt from the terminal is for the bench, which ends it
		});
		const stop = keepEnding(async () => {
			if (child.exitCode === null && child.signalCode === null) {
				const exited = once(child, 'exit');
				child.kill('SIGTERM'); // it ends its workers
				await exited;
			}
			await rm(folder, { recursive: true, force: true });
		});
		while (!(await answers(port))) {
			if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode} before it listened.`);
			await delay(20);
		}
		const address = (channel: string) => `http://127.0.0.1:${port}/pub/${channel}`;
		return {
			port,
			findPids: () => [child.pid ?? 0, ...findChildren(child.pid ?? 0)],
			async findPosition(channel) {
				const response = await fetch(address(channel), { headers: { accept: 'text/json' } });
				return ((await response.json()) as { last_message_id: string }).last_message_id;
			},
			async fill(channel, drafts) {
				for (const draft of drafts) {
					const response = await fetch(address(channel), { method: 'POST', body: JSON.stringify(draft) });
					if (!response.ok) throw new Error(`Expected 201 or 202 and got ${response.status}.`);
					await response.arrayBuffer();
				}
			},
			stop,
		};
	},
};

async function answers(port: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const socket = net.connect({ port, host: '127.0.0.1' });
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}

function findChildren(pid: number): number[] {
	return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
}
