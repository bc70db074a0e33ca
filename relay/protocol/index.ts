// The protocol's public face: everything that a client or another relay needs.
export * from './capabilities.ts';
export * from './client-message.ts';
export * from './draft.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './limits.ts';
export * from './position.ts';
export * from './relay-message.ts';
export * from './since.ts';
export * from './types.ts';
