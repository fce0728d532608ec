/** What calls and dictionaries give, by names. */
import type { IDictValue, IBinding, IPlace, Value } from './value';
import { stringOf } from './value';

/** A dictionary's entries; null where they aren't known. */
export function entriesOf(
  value: Value | undefined
): IDictValue['entries'] | null {
  return value?.type === 'dict' && !value.lost ? value.entries : null;
}

/** Entries by the names of keywords. */
export function named(
  entries: IDictValue['entries'] | null,
  place: IPlace
): Map<string, IBinding> {
  const found = new Map<string, IBinding>();
  for (const [key, value] of entries?.values() ?? []) {
    const name = stringOf(key);
    if (name !== null) {
      found.set(name, { value, place });
    }
  }
  return found;
}
