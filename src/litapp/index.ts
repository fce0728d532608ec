/** LIT's own app in a tab. */
export * from './layouts';
export * from './model';
export * from './plugin';
