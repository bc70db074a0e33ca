// The tables as cells: one caller, one channel, one thing to do, one code.
// Knows how a table is written; never knows how a cell is asked.

export interface Cell {
	caller: string;
	channel: string;
	/** The column: what is done, and by which transport. */
	what: string;
	expected: string;
}

/**
 * A third word of a row, `via`, is how all of it is asked, and goes before each column.
 * @throws Error where a line does not have as many codes as the first has columns, or a cell comes twice
 */
export function readTable(table: string): Cell[] {
	const [head = [], ...rows] = table
		.split('\n')
		.filter((line) => line.trim() !== '')
		.map((line) => line.trim().split(/\s+/));
	const names = head[2] === 'via' ? 3 : 2;
	const cells = rows.flatMap((row) => {
		if (row.length !== head.length) throw new Error(`Expected ${head.length} words: ${row.join(' ')}`);
		const [caller = '', channel = '', via = ''] = row;
		const prefix = names === 3 ? `${via} ` : '';
		return row
			.slice(names)
			.map((expected, index) => ({ caller, channel, what: `${prefix}${head[index + names]}`, expected }));
	});
	if (new Set(cells.map(nameCell)).size < cells.length) throw new Error('A cell of the table comes twice.');
	return cells.filter(({ expected }) => expected !== '-');
}

export function nameCell({ caller, channel, what }: Omit<Cell, 'expected'>): string {
	return `${caller} ${channel} ${what}`;
}
