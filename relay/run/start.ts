// `npm start`: widget, demo and relay on one port.
import { serve } from './serve.ts';

await serve({ isWatching: false });
