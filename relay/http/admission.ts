// Which rights a request to a channel takes. The edge checks them before it reads a body or wakes the channel.
// Knows addresses and methods; never knows tokens, nor what a channel does.
import { type Capability, CHANGING, WRITING } from '../protocol/capabilities.ts';

/** Returns the capabilities of which the request takes one. `id` is an event's, undefined for all events. */
export function capabilitiesFor(method: string, resource: string, id: string | undefined): readonly Capability[] {
	const isRead = method === 'GET' || method === 'HEAD';
	if (resource === 'presence') return ['presence'];
	if (resource === 'metrics' || resource === 'status') return ['metrics'];
	if (resource === '') return isRead ? ['read', 'metrics'] : ['moderate'];
	if (isRead) return ['read'];
	return id === undefined ? WRITING : CHANGING;
}
