// A list of keyed lines, each drawn again only when what it depends on has changed.
// Knows keys and the places of nodes; never knows what a line shows.
import { noChange } from 'lit';
import { type ChildPart, Directive, directive } from 'lit/directive.js';
import { insertPart, removePart, setChildPartValue } from 'lit/directive-helpers.js';

/** One line. */
export interface Line {
	/** Lines that stay keep their order among each other, or one of them has to be moved: a moved row loses focus and press. */
	key: string | number;
	/** Always as many; compared by identity. */
	deps: readonly unknown[];
	draw: () => unknown;
}

// Lit's `repeat` with `guard` does the same in three times the bytes, and leaves a comment node for each removed line.
class Lines extends Directive {
	#drawn = new Map<Line['key'], { part: ChildPart; deps: readonly unknown[] }>();

	override update(container: ChildPart, [lines]: [readonly Line[]]): unknown {
		const before = this.#drawn;
		this.#drawn = new Map();
		const keys = new Set(lines.map(({ key }) => key));
		for (const [key, { part }] of before) {
			if (keys.has(key)) continue;
			removePart(part);
			// A comment, which removePart leaves behind (lit 3.3): a live list would never stop growing.
			(part.endNode as ChildNode | null)?.remove();
		}
		let next: ChildPart | undefined;
		// From the end, where `next` is known; what is in its place stays, since a moved element loses focus and selection.
		for (const { key, deps, draw } of lines.toReversed()) {
			if (this.#drawn.has(key)) continue; // two lines cannot have the same nodes
			const known = before.get(key);
			const part: ChildPart = insertPart(container, next, known?.part);
			if (!known || deps.some((value, i) => value !== known.deps[i])) setChildPartValue(part, draw());
			this.#drawn.set(key, { part, deps });
			next = part;
		}
		return noChange;
	}

	override render(_lines: readonly Line[]): unknown {
		return noChange;
	}
}

/** The lines in their order; keys must differ. Takes the place of children, not of an attribute. */
export const drawLines: (lines: readonly Line[]) => unknown = directive(Lines);
