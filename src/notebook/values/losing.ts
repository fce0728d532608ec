/** What is no longer known once code that isn't known has a value. */
import type { IFunctionValue, IWhy, Value } from './value';

/**
 * Lose what a value holds: its lists and dictionaries may be changed, its
 * functions called.
 *
 * @param seen - what was gone through already: values share their parts, and
 *   going through them each time may take for ever.
 * @param escape - called with each function.
 * @param count - called with each value that is gone through.
 */
export function loseParts(
  value: Value,
  why: IWhy,
  seen: Set<Value>,
  escape: (value: IFunctionValue) => void,
  count: () => void
): void {
  // Values may be as deep as the notebook is long: no function calls itself here.
  const open: Value[] = [value];
  for (let next = open.pop(); next; next = open.pop()) {
    if (seen.has(next)) {
      continue;
    }
    seen.add(next);
    count();
    switch (next.type) {
      case 'list':
      case 'dict':
        if (!next.lost) {
          next.lost = why;
          partsOf(next).forEach(part => open.push(part));
        }
        break;
      case 'template':
        next.lost ??= why;
        break;
      case 'function':
        escape(next);
        break;
      default:
        partsOf(next).forEach(part => open.push(part));
    }
  }
}

function partsOf(value: Value): readonly Value[] {
  switch (value.type) {
    case 'list':
    case 'tuple':
      return value.items;
    case 'dict':
      return [...value.entries.values()].map(([, item]) => item);
    case 'choice':
      return value.options.map(option => option.value);
    case 'class':
    case 'instance':
      return [...value.methods.values()];
    default:
      return [];
  }
}
