/** Earlier runs. */
export * from './model';
export * from './view';
