/** Checks how to show a run from a notebook or a page, which anybody may have changed. */
import type { TokenSpan } from '../salience';
import { readSettings } from '../session/settings';
import { lookOf } from './reading';
import type { ILook } from './reading';

/**
 * Take what is valid of how to show a run. Where lines were never joined, the look
 * doesn't say so.
 */
export function checkLook(value: unknown): ILook {
  return lookOf(
    readSettings({
      joinLines: 'off',
      ...(typeof value === 'object' && value !== null ? value : {})
    })
  );
}

/** The initial target; null if invalid. */
export function checkTarget(value: unknown): TokenSpan | null {
  return Array.isArray(value) &&
    value.length === 2 &&
    value.every(Number.isInteger)
    ? [Number(value[0]), Number(value[1])]
    : null;
}
