/** Dataset browser. */
export * from './drop';
export * from './model';
export * from './tokens';
export * from './view';
