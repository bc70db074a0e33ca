// What somebody may do on a channel.
// Knows names; never knows who may.
export const CAPABILITIES = [
	'read',
	'publish',
	'comment',
	'react',
	'status:own',
	'status:any',
	'edit:own',
	'remove:own',
	'moderate',
	'presence',
	'metrics',
] as const;
/** Each changes something of events that are there. */
export const CHANGING = ['react', 'status:own', 'status:any', 'edit:own', 'remove:own', 'moderate'] as const;
/** Each brings something into a channel: who has none of them need not even be read. */
export const WRITING = ['publish', 'comment', ...CHANGING] as const;
export type Capability = (typeof CAPABILITIES)[number];
