// What a benchmark answers: rows of one table.
// Knows figures and their goals; never knows how anything is measured.

/** One figure. */
export interface Row {
	/** What is measured, as the table groups it: `fan-out`, `latency`. */
	measure: string;
	/** Whose: `live-feed`, `Nchan`, `Socket.IO`, `ws`. */
	who: string;
	/** Under which load: `1,000 viewers, 5,000 events/s`. */
	load: string;
	/** As it is printed, with its unit. Where nothing could be measured, why. */
	figure: string;
	/** As a program reads it. */
	values: Record<string, number | string | boolean>;
	/** What is wanted, and whether it is so; only where there is a goal. */
	goal?: { text: string; isMet: boolean };
}

export interface BenchOptions {
	/** A trial of a few seconds, whose figures mean little. */
	isShort: boolean;
	/** Prints a line of progress. */
	say(line: string): void;
}

export interface Measure {
	/** The word that chooses it: `npm run bench -- fan-out`. */
	name: string;
	run(options: BenchOptions): Promise<Row[]>;
}
