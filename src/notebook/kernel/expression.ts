/** The expression that reads names of a running kernel, and what it answers. */

/** Bytes of UTF-8 that all values together may have. */
export const MAX_BYTES = 1_000_000;

/** Names that are asked for at once. */
export const MAX_NAMES = 100;

/** Bits of the largest integer that is read: more than is printed. */
const MAX_BITS = 16_384;

/** Characters of the longest answer that is looked at. */
const MAX_ANSWER = 2 * MAX_BYTES + MAX_NAMES * (MAX_BITS / 4 + 10);

/** Why the kernel gives no value of a name. */
export type Refusal =
  | 'missing'
  | 'long'
  | 'bool'
  | 'none'
  | 'list'
  | 'tuple'
  | 'dict'
  | 'set'
  | 'bytes'
  | 'pair'
  | 'other';

/** What a name is in the kernel. */
export type KernelValue =
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'int'; readonly value: bigint }
  /** As Python prints it: also `inf`, `-inf` and `nan`. */
  | { readonly type: 'float'; readonly value: string }
  | { readonly type: 'refused'; readonly why: Refusal };

/** Marks of kinds that aren't read, by an object of that kind. */
const KINDS: readonly (readonly [mark: string, of: string, why: Refusal])[] = [
  ['B', '(()==())', 'bool'],
  ['N', 'None', 'none'],
  ['L', '[]', 'list'],
  ['T', '()', 'tuple'],
  ['D', '{}', 'dict'],
  ['S', '{0}', 'set'],
  ['Y', "b''", 'bytes']
];

/**
 * A Python expression that reads names, and runs none of the user's code.
 *
 * - It uses no name of the kernel, since any may be the user's: not `type`, not
 *   `str`, not `__import__`. Python's own types come from literals (`''.__class__`,
 *   which nothing can replace), all other names are parameters, and the notebook's
 *   names come from a function's globals. They are gone through instead of looked
 *   up: a key may be of the user's own class, with an `__eq__` of its own.
 * - Nothing is done with a value but to look at its true type, which is not
 *   `value.__class__`, until it turns out to be just `str`, `int` or `float`.
 * - It raises its answer, as the key that an empty dictionary lacks. IPython would
 *   pass a result to formatters, which the user may have registered.
 * - Texts come as UTF-8 in hexadecimal. Python encodes that itself, halves of pairs
 *   too, without its registers of codecs and error handlers, to which code may add.
 *   Integers come in hexadecimal, which has no limit of digits.
 */
export function expressionFor(names: readonly string[]): string {
  const wanted = names.map(name => `'${name}'`).join(',');
  const others = KINDS.reduceRight(
    (rest, [mark, of]) => `'${mark}' if kind is ${of}.__class__ else ${rest}`,
    "'O'"
  );
  return `{}[(lambda kind_of, space, names, wanted, left: (lambda found: ','.join([
  '-' if name not in found else (lambda value, kind:
    (lambda data: '+' if data is None or data.__len__() > left[0] else
      (left.append(left.pop() - data.__len__()), 's' + data.hex())[1]
    )(value.encode('utf-8', 'surrogatepass') if value.__len__() <= left[0] else None)
    if kind is ''.__class__ else
    ('i%x' % value if value.bit_length() <= ${MAX_BITS} else '+')
    if kind is (0).__class__ else
    'f' + value.__repr__() if kind is (0.0).__class__ else
    ${others}
  )(found[name], kind_of(found[name])) for name in names
]))({name: value for name, value in {}.__class__.items(space)
  if kind_of(name) is ''.__class__ and name in wanted})
)(().__class__.__class__, (lambda: 0).__globals__, (${wanted},), {${wanted}}, [${MAX_BYTES}])]`;
}

/**
 * Read what the expression raised; null where a kernel answered otherwise.
 *
 * @param raised - the message of its `KeyError`: its key, as Python prints it.
 * @param count - of the names that were asked for.
 */
export function readAnswer(
  raised: unknown,
  count: number
): KernelValue[] | null {
  if (typeof raised !== 'string' || raised.length > MAX_ANSWER) {
    return null;
  }
  const inside = /^'([\w.,+-]*)'$/.exec(raised);
  const parts = inside?.[1].split(',') ?? [];
  if (parts.length !== count) {
    return null;
  }
  const values = parts.map(readValue);
  return values.includes(null) ? null : (values as KernelValue[]);
}

function readValue(part: string): KernelValue | null {
  const [mark, rest] = [part.slice(0, 1), part.slice(1)];
  switch (mark) {
    case '-':
      return { type: 'refused', why: 'missing' };
    case '+':
      return { type: 'refused', why: 'long' };
    case 's':
      return readText(rest);
    case 'i': {
      const digits = /^(-?)([0-9a-f]+)$/.exec(rest);
      return (
        digits && {
          type: 'int',
          value: BigInt(`0x${digits[2]}`) * (digits[1] ? -1n : 1n)
        }
      );
    }
    case 'f':
      return /^(-?(\d+(\.\d+)?(e[+-]\d+)?|inf)|nan)$/.test(rest)
        ? { type: 'float', value: rest }
        : null;
    default: {
      const kind = KINDS.find(([known]) => known === part);
      return kind || part === 'O'
        ? { type: 'refused', why: kind?.[2] ?? 'other' }
        : null;
    }
  }
}

/** A text from UTF-8 in hexadecimal, in which halves of pairs may stand alone. */
function readText(hex: string): KernelValue | null {
  if (hex.length % 2 === 1 || !/^[0-9a-f]*$/.test(hex)) {
    return null;
  }
  const digit = (at: number) => {
    const code = hex.charCodeAt(at);
    return code < 0x3a ? code - 0x30 : code - 0x57;
  };
  const bytes = Uint8Array.from(
    { length: hex.length / 2 },
    (_, at) => 16 * digit(2 * at) + digit(2 * at + 1)
  );
  let value = '';
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let start = 0;
  try {
    for (let at = 0; at <= bytes.length; at++) {
      const isHalf = bytes[at] === 0xed && bytes[at + 1] >= 0xa0;
      if (at < bytes.length && !isHalf) {
        continue;
      }
      if (start < at) {
        value += decoder.decode(bytes.subarray(start, at));
      }
      if (isHalf) {
        const last = value.charCodeAt(value.length - 1);
        const half =
          0xd000 | ((bytes[at + 1] & 0x3f) << 6) | (bytes[at + 2] & 0x3f);
        if (isHigh(last) && half >= 0xdc00) {
          // Python has two characters there, where JavaScript would have one.
          return { type: 'refused', why: 'pair' };
        }
        value += String.fromCharCode(half);
        at += 2;
      }
      start = at + 1;
    }
  } catch {
    return null;
  }
  return { type: 'text', value };
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}
