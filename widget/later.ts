// What a panel does without until the first row is on the screen, or something is wrong: loaded then, in one piece.
// Knows what belongs to it; never knows when that is.
import { compact } from './styles/compact.ts';
import { contrast } from './styles/contrast.ts';
import { rest } from './styles/rest.ts';
import { addIcons } from './views/icons.ts';
import { laterPaths } from './views/icons-later.ts';

addIcons(laterPaths);

export { Controls } from './controls.ts';
export { Language } from './language.ts';
export { Reader } from './reading.ts';
export { countInTitle } from './unread.ts';
export { details, foot, lead, nearestHue, picture, rowState, sentence, under } from './views/details.ts';
export { addMarks, edgeLines, endView, pill } from './views/ends.ts';
export { ownView } from './views/own.ts';
export { addMoves, peopleButton, peopleView } from './views/presence.ts';
export { minuteWords, pulseView } from './views/pulse.ts';
export { bones, troubleView } from './views/trouble.ts';

export type Later = typeof import('./later.ts');

/** The style sheets that go with it. */
export const styles = [contrast, rest, compact];
