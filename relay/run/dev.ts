// `npm run dev`: the same, rebuilt at every save.
import { serve } from './serve.ts';

await serve({ isWatching: true });
