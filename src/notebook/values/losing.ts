/** What isn't known any more of a value that unknown code may have changed. */
import type { IFunctionValue, IWhy, Step, Value } from './value';

/**
 * Lose what a value contains: its lists and dictionaries may be changed, its
 * functions called.
 *
 * @param seen - values that were visited already. Values may share their parts,
 *   so visiting them each time could take forever.
 * @param escape - called with each function.
 * @param count - called with each value that is visited.
 */
export function loseParts(
  value: Value,
  why: IWhy,
  seen: Set<Value>,
  escape: (value: IFunctionValue) => void,
  count: () => void
): void {
  // Values may be too deep for recursion, and too long for spread arguments.
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

/** Whether code has appended to a list that is, or is part of, a value. */
export function hasGrown(value: Value, depth = 0): boolean {
  switch (value.type) {
    case 'list':
    case 'tuple':
      return (
        depth > 8 ||
        (value.type === 'list' && value.hasGrown === true) ||
        value.items.some(item => hasGrown(item, depth + 1))
      );
    case 'dict':
      return (
        depth > 8 ||
        [...value.entries.values()].some(([, item]) =>
          hasGrown(item, depth + 1)
        )
      );
    case 'choice':
      return value.options.some(option => hasGrown(option.value, depth + 1));
    case 'template':
      return (
        depth > 8 ||
        [...value.filled.values()].some(given =>
          hasGrown(given.value, depth + 1)
        )
      );
    case 'chain':
      return depth > 8 || value.steps.some(step => hasStepGrown(step, depth));
    default:
      return false;
  }
}

function hasStepGrown(step: Step, depth: number): boolean {
  switch (step.what) {
    case 'value':
      return hasGrown(step.value, depth + 1);
    case 'item':
      return false;
    case 'entries':
      return [...step.entries.values()].some(([, item]) =>
        hasGrown(item, depth + 1)
      );
  }
}

/** Why a value isn't known, if that also explains what is made of it. */
export function lostBy(value: Value): IWhy | null {
  const why =
    value.type === 'unknown'
      ? value.why
      : value.type === 'list' ||
          value.type === 'dict' ||
          value.type === 'template'
        ? value.lost
        : null;
  return why?.cause === 'unbound' || why?.cause === 'python' ? null : why;
}
