// The drawings that the first row does without; icons.ts says how they are written.
// Knows shapes; never knows what they stand for.

export const laterPaths = {
	play: 'M5 3l8 5-8 5z',
	retry: 'M13 9a5 5 0 1 1-1.5-4.5L13 6m0-4v4H9',
	out: 'M6 4h6v6m0-6-8 8',
	gap: 'M1 8h3m8 0h3M7 5l-1 6m4-6-1 6',
	lock: 'M3 7h10v7H3zm2 0V5a3 3 0 0 1 6 0v2',
};
