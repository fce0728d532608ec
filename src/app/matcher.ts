import type { IMatcher } from '../session/splitter';

/** A worker that matches the user's regular expressions. */
export function makeMatcher(): IMatcher {
  return new Worker(
    new URL('../salience/pattern.worker.js', import.meta.url)
  ) as IMatcher;
}
