// The edge: what is answered before a channel is asked, for every engine.
// Knows tokens of the whole relay and its services; never knows an engine, nor what a channel does.
import { answerProblem } from './http/answers.ts';
import { readAuthor, readToken } from './http/credentials.ts';
import { answer, type ChannelRequest, DAMAGED_HEADER } from './http/routes.ts';
import { deny } from './identity.ts';
import { Journal } from './journal.ts';
import { createError } from './protocol/errors.ts';
import type { ChannelFiles } from './reclaimer.ts';
import type { RelayServices } from './services/services.ts';

const clock = (): number => Date.now();
/** A token is for the whole relay where it is for all channels, which is what this name stands for. */
const ALL_CHANNELS = '*';
/** How a room is told that the relay stops. No address from outside leads to it. */
export const GO_AWAY = 'goaway';
/** How a room is woken, to report anew what is connected to it. No address from outside leads to it. */
export const RECOUNT = 'recount';

/** What the edge is given by its engine. */
export interface EdgeHost {
	/** What belongs to the whole relay. @throws Error where the settings are wrong. */
	readonly services: RelayServices;
	/** Proves who may say that the relay stops. Undefined where it cannot be said. */
	readonly controlSecret: string | undefined;
	/** Returns a file of the built site, or null. */
	fetchFile(path: string): Promise<Response | null>;
	/** The files of channels. Undefined where the engine does not show them. */
	readonly files?: ChannelFiles | undefined;
	/** Asks a channel's room, by the path after its name. Rejects where the room's storage cannot be opened, or has failed. */
	fetchChannel(channel: string, path: string, request: ChannelRequest): Promise<Response>;
}

/** Answers a request to the relay. Wrong settings are answered with a fault, and nothing is served. */
export async function answerRequest(request: Request, host: EdgeHost): Promise<Response> {
	let services: RelayServices;
	try {
		services = host.services;
	} catch (error) {
		return answerProblem(new Journal(clock, (line) => console.error(line)).fault(error));
	}
	const { settings, identities, bodies, since, storage } = services;
	return answer(request, {
		clock,
		settings,
		bodies,
		since,
		storage,
		identify: async (headers, channel, address) =>
			identities.identify(readToken(headers), channel, address, readAuthor(headers)),
		onRefused: (error, about) => services.recordRefusal(error, about),
		onFault: (error) => services.reportFault(error),
		countRequest: () => services.countRequest(),
		report: async (headers) => {
			const denied = deny(await identities.identify(readToken(headers), ALL_CHANNELS), clock(), 'metrics');
			if (denied) throw denied;
			return services.report();
		},
		control: {
			setMachine: async (readings) => {
				services.setMachine(readings);
				if (host.files) await services.reclaim(host.files);
			},
			secret: host.controlSecret,
			goAway: async () => {
				const tell = (channel: string) =>
					host.fetchChannel(channel, `/${GO_AWAY}`, { method: 'POST', headers: new Headers() });
				await Promise.allSettled((await services.connectedChannels()).map(tell));
			},
		},
		fetchFile: (path) => host.fetchFile(path),
		fetchChannel: (channel, path, asked) =>
			services.reclaimer.ask(channel, () => askChannel(host, channel, path, asked)),
	});
}

/**
 * Asks a channel's room. What its engine fails at is written down with the channel's name and its file.
 * @throws FeedError `storage-failed`, and what keeps a user from emptying a channel
 */
async function askChannel(host: EdgeHost, channel: string, path: string, asked: ChannelRequest): Promise<Response> {
	try {
		return await host.fetchChannel(channel, path, asked);
	} catch (error) {
		host.services.storage.fail(channel, host.files?.nameOf(channel), error);
		if (asked.method === 'DELETE' && path === '/') return emptyDamaged(host, channel, asked);
		throw createError('storage-failed');
	}
}

/** A room whose storage cannot be opened cannot empty itself. The rights to it were checked before. */
async function emptyDamaged(host: EdgeHost, channel: string, asked: ChannelRequest): Promise<Response> {
	asked.headers.set(DAMAGED_HEADER, '1');
	// Where it can be opened, it can often empty itself.
	const emptied = await host.fetchChannel(channel, '/', asked).catch(() => undefined);
	if (emptied) return emptied;
	// It could not be opened, or has ended at that: nobody has the files open.
	try {
		await host.files?.remove(channel);
		return await host.fetchChannel(channel, '/', asked);
	} catch {
		throw createError('storage-failed');
	}
}
