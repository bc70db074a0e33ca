// The way to a relay, a step at a time, so that the one that fails is named: name, connection, certificate.
// Knows DNS, TCP and TLS; never knows what is asked of a relay. Each step has its time, and none waits for ever.
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import tls from 'node:tls';
import type { Finding } from './findings.ts';

const TIMEOUT_MS = 4000;
const DAY_MS = 86_400_000;
/** A certificate that ends sooner is told of. */
const SOON_DAYS = 14;
const MAX_ADDRESSES = 4;

/** Goes as far as it gets, and tells each step. Answers whether a request may follow. */
export async function reach(relay: URL, tell: (finding: Finding) => void): Promise<boolean> {
	const host = relay.hostname.replace(/^\[(.*)\]$/, '$1');
	const isSecure = relay.protocol === 'https:';
	const port = Number(relay.port) || (isSecure ? 443 : 80);
	const addresses = await resolveName(host, tell);
	if (!addresses || !(await connectAll(host, addresses, port, tell))) return false;
	return !isSecure || (await shakeHands(host, port, relay, tell));
}

async function resolveName(host: string, tell: (finding: Finding) => void): Promise<string[] | undefined> {
	const name = 'DNS';
	if (net.isIP(host) !== 0) {
		tell({ name, standing: 'ok', text: `${host} is an address already.` });
		return [host];
	}
	const started = performance.now();
	try {
		const found = await inTime(lookup(host, { all: true }));
		const addresses = found.map(({ address }) => address);
		tell({
			name,
			standing: 'ok',
			text: `${host} is ${addresses.join(', ')} (${formatMs(performance.now() - started)}).`,
		});
		return addresses;
	} catch (error) {
		const code = codeOf(error);
		const text = code === 'ENOTFOUND' ? `Nobody knows the name ${host}.` : `${host} could not be looked up (${code}).`;
		const advice =
			code === 'ENOTFOUND'
				? 'Look for a slip in it, or add it to the DNS; a new one takes its time to be known everywhere.'
				: 'The DNS of this machine does not answer: look at its network, and at /etc/resolv.conf.';
		tell({ name, standing: 'wrong', text, advice });
		return undefined;
	}
}

/** To each address, since a browser may take any of them. */
async function connectAll(
	host: string,
	addresses: readonly string[],
	port: number,
	tell: (finding: Finding) => void,
): Promise<boolean> {
	const name = 'TCP';
	const started = performance.now();
	const tried = await Promise.all(
		addresses.slice(0, MAX_ADDRESSES).map(async (address) => ({ address, failure: await tryConnect(address, port) })),
	);
	const open = tried.filter(({ failure }) => failure === undefined);
	const [shut] = tried.filter(({ failure }) => failure !== undefined);
	if (open.length === 0 && shut) {
		const [text, advice] = explainConnect(shut.failure ?? '', host, port);
		tell({ name, standing: 'wrong', text, advice });
		return false;
	}
	const where = `${open.map(({ address }) => address).join(', ')} port ${port}`;
	const took = formatMs(performance.now() - started);
	// A relay listens on one address of this machine, and its name has two.
	if (shut && !/^(.*\.)?localhost$/.test(host)) {
		const text = `${where} answers, ${shut.address} does not (${shut.failure}).`;
		const advice = `Who takes that address waits for it first: let the relay answer there, or take the address out of the DNS.`;
		tell({ name, standing: 'warning', text, advice });
	} else tell({ name, standing: 'ok', text: `${where} answers (${took}).` });
	return true;
}

function tryConnect(host: string, port: number): Promise<string | undefined> {
	return new Promise((resolve) => {
		const socket = net.connect({ host, port, timeout: TIMEOUT_MS });
		const settle = (failure?: string) => {
			socket.destroy();
			resolve(failure);
		};
		socket.once('connect', () => settle());
		socket.once('timeout', () => settle('ETIMEDOUT'));
		socket.once('error', (error) => settle(codeOf(error)));
	});
}

function explainConnect(code: string, host: string, port: number): [text: string, advice: string] {
	const where = `port ${port} of ${host}`;
	switch (code) {
		case 'ECONNREFUSED':
			return [
				`Nothing listens on ${where}.`,
				'Start the relay there, or look for a slip in the port. On this machine: live-feed dev',
			];
		case 'ETIMEDOUT':
			return [
				`No answer from ${where} within ${TIMEOUT_MS / 1000} s.`,
				'The machine is off, or a firewall between here and there drops what is sent to it.',
			];
		case 'EHOSTUNREACH':
		case 'ENETUNREACH':
			return [`No way leads to ${where} (${code}).`, 'Look at the network of this machine, at VPN and routes.'];
		default:
			return [`${where} cannot be connected to (${code}).`, 'Look at the network between here and there.'];
	}
}

async function shakeHands(host: string, port: number, relay: URL, tell: (finding: Finding) => void): Promise<boolean> {
	const name = 'TLS';
	const started = performance.now();
	let socket: tls.TLSSocket;
	try {
		socket = await openTls(host, port);
	} catch (error) {
		const code = codeOf(error);
		// A server of HTTP may answer in its own way, hang up, or wait for more of what it does not understand.
		const isPlain = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(code) || (await speaksHttp(relay.host));
		const [text, advice] = isPlain
			? [`Port ${port} of ${host} speaks no TLS.`, `Take http://${relay.host}, or the port where https is.`]
			: code === 'ETIMEDOUT'
				? [`Port ${port} of ${host} takes a connection and says nothing.`, 'Is TLS set up there? Look at its log.']
				: [
						`No TLS with port ${port} of ${host} (${code}).`,
						'Look at the certificate and the TLS versions of what ends TLS there.',
					];
		tell({ name, standing: 'wrong', text, advice });
		return false;
	}
	const { valid_to: until } = socket.getPeerCertificate();
	const version = socket.getProtocol() ?? 'TLS';
	const failure = socket.authorized ? undefined : String(socket.authorizationError ?? 'unknown');
	socket.destroy();
	const finding = judgeCertificate(host, failure, Date.parse(until) - Date.now());
	const took = `${version}, ${formatMs(performance.now() - started)}`;
	tell(finding.standing === 'ok' ? { ...finding, text: `${finding.text} (${took}).` } : finding);
	return finding.standing !== 'wrong';
}

async function speaksHttp(host: string): Promise<boolean> {
	try {
		const signal = AbortSignal.timeout(TIMEOUT_MS);
		await (await fetch(`http://${host}/`, { method: 'HEAD', redirect: 'manual', signal })).body?.cancel();
		return true;
	} catch {
		return false; // whatever it speaks, it is not that
	}
}

function openTls(host: string, port: number): Promise<tls.TLSSocket> {
	return new Promise((resolve, reject) => {
		// It is looked at by whoever called, and nothing is said to one that is not trusted.
		const servername = net.isIP(host) === 0 ? { servername: host } : {};
		const socket = tls.connect({ host, port, ...servername, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
		const fail = (error: unknown) => {
			clearTimeout(timer);
			socket.destroy();
			reject(error);
		};
		const timer = setTimeout(() => fail(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), TIMEOUT_MS);
		socket.once('error', fail);
		socket.once('secureConnect', () => {
			clearTimeout(timer);
			resolve(socket);
		});
	});
}

/** `leftMs`: how long it holds. */
export function judgeCertificate(host: string, failure: string | undefined, leftMs: number): Finding {
	const name = 'TLS';
	const days = Math.floor(leftMs / DAY_MS);
	if (failure === undefined) {
		const text = `The certificate of ${host} holds for ${days} ${days === 1 ? 'day' : 'days'}`;
		return days >= SOON_DAYS
			? { name, standing: 'ok', text }
			: {
					name,
					standing: 'warning',
					text: `${text} only.`,
					advice: 'Renew it, and look why that was not done by itself.',
				};
	}
	const reasons: Record<string, [text: string, advice: string]> = {
		CERT_HAS_EXPIRED: ['has expired.', 'Renew it, and look why that was not done by itself.'],
		CERT_NOT_YET_VALID: ['does not hold yet.', 'Look at the clock of this machine, and at the certificate.'],
		DEPTH_ZERO_SELF_SIGNED_CERT: [
			'is signed by itself, and no browser takes it.',
			'Get one of an authority, such as Let’s Encrypt; or name your own with NODE_EXTRA_CA_CERTS=file.',
		],
		SELF_SIGNED_CERT_IN_CHAIN: [
			'is signed by an authority that nobody here knows.',
			'Something that looks into TLS may stand between; or name your own authority with NODE_EXTRA_CA_CERTS=file.',
		],
		UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
			'comes without what links it to an authority.',
			'Serve the whole chain (fullchain.pem), not the certificate alone.',
		],
		ERR_TLS_CERT_ALTNAME_INVALID: [
			'is for other names.',
			'Take the name that the certificate has, or get one with this name.',
		],
	};
	const code = Object.keys(reasons).find((key) => failure.includes(key));
	const [what, advice] = (code && reasons[code]) || [`is not trusted (${failure}).`, 'Look at what ends TLS there.'];
	return { name, standing: 'wrong', text: `The certificate of ${host} ${what}`, advice };
}

async function inTime<T>(promise: Promise<T>): Promise<T> {
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timer = setTimeout(() => reject(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })), TIMEOUT_MS);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

function codeOf(error: unknown): string {
	const { code, message } = error as { code?: string; message?: string };
	return code ?? message ?? String(error);
}

/** `0.4 ms`, `12 ms`, `1.3 s` */
export function formatMs(ms: number): string {
	if (ms < 10) return `${ms.toFixed(1)} ms`;
	return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
