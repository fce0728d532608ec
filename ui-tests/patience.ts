/**
 * How long the browser tests wait at most, in ms. They wait for conditions and never for a time, so that these are
 * reached by tests that fail and by no others, however busy the machine: see "How tests wait" in CONTRIBUTING.md.
 */
const times = Number(process.env.LIT_LAB_TEST_PATIENCE ?? 1);

/** For what the page, or a server that runs, does. */
export const SOON = 60_000 * times;

/** For the model service to start, or to compile what it computes first, and for servers to start. */
export const COLD = 240_000 * times;

/** For a whole test; `test.slow()` makes it three times as long. */
export const WHOLE = 300_000 * times;
