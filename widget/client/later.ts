// What a client does without until it is needed, or until all has been well for a while: loaded then, in one piece.
// Knows what belongs to it; never knows when that is.
export { authorise, Credentials } from './credentials.ts';
export { fetchHole, fetchPage, tellHistory } from './history.ts';
export { Ladder } from './ladder.ts';
export { adoptDrafts } from './left-drafts.ts';
export { Attendance } from './presence.ts';
export { followChanges, makeAuthor } from './standing.ts';
export { Vigil } from './vigil.ts';
