/** Segments, shares and colours: pure functions. */
export * from './colour';
export * from './segment';
export * from './shares';
