// Where PartyKit looks for the relay that is fuzzed.
// Knows a folder; never knows what is in it.
import { fileURLToPath } from 'node:url';

/** Ours, with one address more that shows its prototypes, and two channels whose disk fails. */
export const HOST = fileURLToPath(new URL('host', import.meta.url));
