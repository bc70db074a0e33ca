// The edge: what is answered before a channel is asked, for every engine.
// Knows tokens of the whole relay and its services; never knows an engine, nor what a channel does.
import { answerProblem } from './http/answers.ts';
import { readAuthor, readToken } from './http/credentials.ts';
import { answer, type ChannelRequest } from './http/routes.ts';
import { deny } from './identity.ts';
import { Journal } from './journal.ts';
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
	/** Asks a channel's room, by the path after its name. */
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
	const { settings, identities, bodies, since } = services;
	return answer(request, {
		clock,
		settings,
		bodies,
		since,
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
			setMemory: (bytes) => services.setMemory(bytes),
			secret: host.controlSecret,
			goAway: async () => {
				const tell = (channel: string) =>
					host.fetchChannel(channel, `/${GO_AWAY}`, { method: 'POST', headers: new Headers() });
				await Promise.allSettled((await services.connectedChannels()).map(tell));
			},
		},
		fetchFile: (path) => host.fetchFile(path),
		fetchChannel: (channel, path, asked) => host.fetchChannel(channel, path, asked),
	});
}
