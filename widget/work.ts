// What a panel does without until somebody works on events or may do so: loaded then, in one piece.
// Knows what belongs to it; never knows when that is.
import { work } from './styles/work.ts';

export { Deeds } from './deeds.ts';
export { drawerView, statusActs, toolsView } from './views/acts.ts';
export { composerView } from './views/composer.ts';
export { marksView, statusView } from './views/status.ts';
export { threadView } from './views/thread.ts';

/** The style sheet that goes with it. */
export const styles = [work];
