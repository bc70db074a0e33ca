// What all channels of one isolate share, for engines that run them all in one.
// Knows that there is one of it; never knows an engine. The only file of the relay with state at module level.
import { ProcessServices } from '../services/process-services.ts';

let services: ProcessServices | undefined;

/**
 * Returns the services of this isolate, made by the first call.
 * @throws Error where the settings are wrong, at each call
 */
export function openIsolate(environment: Record<string, unknown>): ProcessServices {
	services ??= new ProcessServices(environment);
	return services;
}
