/** Python's comparisons of known values. */
import { floatOf } from './operators';
import { isSame } from './choose';
import { bool, keyOf, stringOf } from './value';
import type { Value } from './value';

/** `left operator right` of a comparison; null where it isn't known. */
export function compare(
  operator: string,
  left: Value,
  right: Value
): Value | null {
  switch (operator) {
    case '==':
    case '!=': {
      const equal = isEqual(left, right);
      return equal === null ? null : bool(equal === (operator === '=='));
    }
    case 'is':
    case 'is not': {
      const isNone = left.type === 'none' || right.type === 'none';
      const isKnown = left.type !== 'unknown' && right.type !== 'unknown';
      return isNone && isKnown
        ? bool((left.type === right.type) === (operator === 'is'))
        : null;
    }
    case 'in':
    case 'not in': {
      const found = contains(right, left);
      return found === null ? null : bool(found === (operator === 'in'));
    }
    default:
      return order(operator, left, right);
  }
}

function isEqual(left: Value, right: Value): boolean | null {
  const one = floatOf(left);
  const other = floatOf(right);
  if (one !== null && other !== null) {
    return one === other;
  }
  const simple = ['text', 'int', 'float', 'none'];
  if (!simple.includes(left.type) || !simple.includes(right.type)) {
    return null;
  }
  const isOpen = [left, right].some(
    value => value.type === 'text' && stringOf(value) === null
  );
  if (isOpen) {
    return null;
  }
  if (left.type !== right.type) {
    // Only an integer may equal a float.
    const areNumbers = [left, right].every(
      ({ type }) => type === 'int' || type === 'float'
    );
    return areNumbers ? null : false;
  }
  return isSame(left, right);
}

function order(operator: string, left: Value, right: Value): Value | null {
  const one = floatOf(left) ?? stringOf(left);
  const other = floatOf(right) ?? stringOf(right);
  if (one === null || other === null || typeof one !== typeof other) {
    return null;
  }
  // Units and characters are ordered alike below the surrogates.
  const isPlain = [one, other].every(
    item => typeof item === 'number' || !/[\ud800-\uffff]/.test(item)
  );
  if (!isPlain) {
    return null;
  }
  switch (operator) {
    case '<':
      return bool(one < other);
    case '<=':
      return bool(one <= other);
    case '>':
      return bool(one > other);
    case '>=':
      return bool(one >= other);
    default:
      return null;
  }
}

function contains(container: Value, item: Value): boolean | null {
  const string = stringOf(container);
  if (string !== null) {
    const part = stringOf(item);
    return part === null ? null : string.includes(part);
  }
  if (container.type === 'dict') {
    const key = keyOf(item);
    return container.lost || key === null ? null : container.entries.has(key);
  }
  if (container.type !== 'list' && container.type !== 'tuple') {
    return null;
  }
  const found = container.items.map(other => isEqual(item, other));
  const isLost = container.type === 'list' && container.lost;
  return isLost || found.includes(null) ? null : found.includes(true);
}
