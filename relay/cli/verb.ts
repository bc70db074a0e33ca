// What every verb has in common: how it is added, how it fails, and with which code it ends.
// Knows commander and exit codes; never knows what a verb does.
import { type Command, InvalidArgumentError } from 'commander';
import { FeedError } from '../protocol/errors.ts';
import { parseSpan } from '../protocol/since.ts';

export const [DONE, FAILED, MISUSED] = [0, 1, 2];

export const EXIT_CODES = `
Exit codes: 0 done, 1 failed, 2 not used rightly.
`;

/** It did not work. The message says what to do; it is empty where all has been said, and the exit code alone is left. */
export class Failure extends Error {
	override readonly name = 'Failure';

	constructor(message = '') {
		super(message);
	}
}

/** A verb that ends and prints as the one above it does. */
export function addVerb(parent: Command, name: string): Command {
	return parent.command(name).helpOption('--help', 'print this').helpCommand(false);
}

/** For an option or an argument: what it throws of ours, and so the text of what was expected, is told as a slip in its use. */
export function readWith<T>(parse: (text: string) => T): (text: string) => T {
	return (text) => {
		try {
			return parse(text);
		} catch (error) {
			if (error instanceof FeedError) throw new InvalidArgumentError(error.message);
			throw error;
		}
	};
}

/** `10s` → milliseconds. */
export function readSpan(text: string): number {
	const span = parseSpan(text);
	if (span) return span;
	throw new InvalidArgumentError('Expected a number and a unit, such as 90s, 10m, 2h or 7d.');
}

/** `a,b c` → `['a', 'b', 'c']` */
export function splitList(text: string): string[] {
	return text.split(/[\s,]+/).filter((item) => item !== '');
}
