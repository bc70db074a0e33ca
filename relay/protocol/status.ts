// What a piece of work may become: the same for whoever decides it and whoever offers it.
// Knows statuses; never knows who may say so.
import type { Status } from './event.ts';

export const NEXT_STATUSES: Record<Status, readonly Status[]> = {
	open: ['resolved', 'cancelled'],
	resolved: ['reopened'],
	cancelled: ['reopened'],
	reopened: ['resolved', 'cancelled'],
};
