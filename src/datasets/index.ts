/** Dataset browser. */
export * from './drop';
export * from './model';
export * from './plugin';
export * from './tokens';
export * from './view';
