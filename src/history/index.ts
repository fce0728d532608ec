/** The history. */
export * from './model';
export * from './view';
