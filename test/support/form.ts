// Which form the tests have: the short one of `npm test`, or the long one of `npm run test:long`.
// Knows one environment variable; never knows a test.
import process from 'node:process';

/** True with `TEST_FORM=long`. The short form is the default. */
export const isLong: boolean = process.env.TEST_FORM === 'long';
