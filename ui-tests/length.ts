/**
 * Which specs run. Those with `@long` in their title are too long for each push: more of what others try already.
 * `make test-long` runs them, with `LIT_LAB_LONG=1`.
 */
export const chosen = process.env.LIT_LAB_LONG
  ? { grep: /@long/ }
  : { grepInvert: /@long/ };
