/** Earlier runs. */
export * from './model';
export * from './source';
export * from './view';
