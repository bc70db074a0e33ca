// `npm start`: widget, demo and relay on one port.
import path from 'node:path';
import { ROOT } from './engine.ts';
import { serve } from './serve.ts';
import { makeSite } from './site.ts';

await serve({ command: 'npm start', install: 'npm ci', stateDir: path.join(ROOT, '.partykit', 'state'), makeSite });
