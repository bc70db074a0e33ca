// Runs the attacks that once succeeded, or the ones named: `npm run test:attack -- identity strangers --short --seed 7`.
// Knows nothing of what they do. The last line is `N hold, N fail`.
import { buildSite } from '../../widget/build/build.ts';
import { runScenarios } from '../support/run-scenarios.ts';
import { ATTACKS } from './attacks.ts';

await runScenarios('attack', Object.keys(ATTACKS), async () => void (await buildSite())); // the relay serves its pages
