/** Segments, shares and colours: pure functions. */
export * from './agreement';
export * from './colour';
export * from './effects';
export * from './pairs';
export * from './passages';
export * from './segment';
export * from './shares';
export * from './thought';
export * from './token';
export * from './turns';
export * from './wrapped';
