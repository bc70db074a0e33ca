// What a panel does without until the first row is on the screen, or something is wrong: loaded then, in one piece.
// Knows what belongs to it; never knows when that is.
import { compact } from './styles/compact.ts';
import { contrast } from './styles/contrast.ts';
import { rest } from './styles/rest.ts';
import { addIcons } from './views/icons.ts';
import { laterPaths } from './views/icons-later.ts';

addIcons(laterPaths);

export { Reader } from './reading.ts';
export { dataView, details, nearestHue, picture } from './views/details.ts';
export { endView, gapView, moveFocus } from './views/ends.ts';
export { outboxLines } from './views/outbox.ts';
export { countEvents, pulseView } from './views/pulse.ts';
export { richText } from './views/rich-text.ts';
export { bones, troubleView } from './views/trouble.ts';
export { laterEnglish } from './words-later.ts';

export type Later = typeof import('./later.ts');

/** The style sheets that go with it. */
export const styles = [contrast, rest, compact];
