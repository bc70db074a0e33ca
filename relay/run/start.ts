// `npm start`: widget, demo and relay on one port. With `--built` it serves what `npm run build` has made, and writes nothing but its state.
import { serve } from './serve.ts';

await serve({ isWatching: false, isBuilt: process.argv.includes('--built') });
