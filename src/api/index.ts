/** Typed client of the server extension. */
export * from './client';
export * from './errors';
export { isLast } from './events';
export * from './types';
export { VERSION } from './version';
