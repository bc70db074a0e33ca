// Runs the scenarios that prove the promise, or the ones named: `npm run test:faults -- kills cuts --short --seed 7`.
// Knows their order; never knows what they do. The last line is `N hold, N fail`.
import { buildSite } from '../../widget/build/build.ts';
import { runScenarios } from '../support/run-scenarios.ts';

await runScenarios(
	'faults',
	['kills', 'keys', 'cuts', 'wipes', 'joins', 'return', 'slow-viewer', 'transports', 'outbox', 'page-life', 'elements'],
	buildSite, // panels load the script from the relay
);
