/** What calls and dictionaries give, by names. */
import type { IDictValue, IBinding, IPlace, Value } from './value';
import { computed, keyOf, stringOf } from './value';

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

/** A dictionary's entries of keywords. */
export function byKeyword(
  keyword: ReadonlyMap<string, IBinding>
): IDictValue['entries'] {
  return new Map(
    Array.from(keyword, ([name, { value }]) => {
      const key = computed(name);
      return [keyOf(key)!, [key, value] as const];
    })
  );
}

/** Whether using a value may run unknown code. */
export function isFromCode(value: Value): boolean {
  switch (value.type) {
    case 'unknown':
    case 'instance':
    case 'class':
      return true;
    case 'list':
    case 'tuple':
      return value.items.some(({ type }) => type === 'instance');
    case 'dict':
      return [...value.entries.values()].some(
        ([, item]) => item.type === 'instance'
      );
    default:
      return false;
  }
}
