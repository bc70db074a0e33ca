// How many bytes may go over a network, in one place for the tests and the benchmarks (DESIGN §7).
// Knows numbers; never knows how they are measured.

/** Everything until the first live row is painted, all requests, gzip. */
export const FIRST_ROW_BUDGET_BYTES = 20_000;
/** The headless client with resume and receipts, as a bundler takes it into a program; gzip. */
export const CLIENT_BUDGET_BYTES = 9_000;
