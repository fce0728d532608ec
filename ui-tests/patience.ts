/**
 * The browser tests' timeouts in ms. Tests wait for conditions and never for a time, so only tests that fail reach these,
 * however busy the machine: see "How tests wait" in CONTRIBUTING.md.
 */
const times = Number(process.env.LIT_LAB_TEST_PATIENCE ?? 1);

/** For actions of the page, or of a running server. */
export const SOON = 60_000 * times;

/** For servers to start, and for the model service to start or to compile its first computations. */
export const COLD = 240_000 * times;

/** For a whole test; `test.slow()` triples it. */
export const WHOLE = 300_000 * times;
