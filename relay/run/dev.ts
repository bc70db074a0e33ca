// `npm run dev`: the same on PartyKit's dev server, rebuilt at every save.
import path from 'node:path';
import { ROOT } from './engine.ts';
import { serve } from './serve.ts';
import { watchSite } from './site.ts';

await serve({
	command: 'npm run dev',
	install: () => 'npm ci',
	stateDir: path.join(ROOT, '.partykit', 'state'),
	makeSite: watchSite,
	engine: 'partykit',
	program: () => ({ engine: 'partykit', root: ROOT, config: path.join('relay', 'partykit.json'), waitForFix: true }),
});
