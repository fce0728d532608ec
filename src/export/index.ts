/** Sharing finished runs. */
export * from './commands';
export * from './plugin';
