// The drawings that the first row does without; icons.ts says how they are written.
// Knows shapes; never knows what they stand for.

export const laterPaths = {
	play: 'M5 3l8 5-8 5z',
	retry: 'M13 9a5 5 0 1 1-1.5-4.5L13 6m0-4v4H9',
	out: 'M6 4h6v6m0-6-8 8',
	gap: 'M1 8h3m8 0h3M7 5l-1 6m4-6-1 6',
	up: 'M8 13V3M3.5 7.5L8 3l4.5 4.5',
	down: 'M8 3v10M3.5 8.5L8 13l4.5-4.5',
	link: 'M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.5 4.5L11.5 9M9 11.5L7.5 13A3 3 0 0 1 3 8.5L4.5 7',
	check: 'M3 8.5l3.5 3.5L13 4.5',
	struck: 'M8 3a5 5 0 1 0 .1 0M4.5 11.5l7-7',
	turn: 'M4 6h6a3 3 0 0 1 0 6H6M6.5 3.5 4 6l2.5 2.5',
	pin: 'M6 2h4m-3.5 0v5L4.5 9.5h7L9.5 7V2M8 9.5V14',
	reply: 'M6.5 4 3 7.5 6.5 11M3 7.5h6a4 4 0 0 1 4 4V13',
	face: 'M8 2a6 6 0 1 0 .1 0M5.5 9.5a3 3 0 0 0 5 0M6 6v.6M10 6v.6',
	more: 'M3 8h.1M8 8h.1M13 8h.1',
	send: 'M2.5 3 14 8 2.5 13 4 8zM4 8h5',
	lock: 'M3 7h10v7H3zm2 0V5a3 3 0 0 1 6 0v2',
};
