// `npm run dev`: the same, rebuilt at every save.
import path from 'node:path';
import { ROOT } from './engine.ts';
import { serve } from './serve.ts';
import { watchSite } from './site.ts';

const stateDir = path.join(ROOT, '.partykit', 'state');
await serve({ command: 'npm run dev', install: 'npm ci', stateDir, makeSite: watchSite, isWatching: true });
