/** Python's own names, and what its functions give for known values. */
import { printed, represented } from './print';
import { item, lengthOf, negate, truth } from './operators';
import { step } from './steps';
import { bool, computed, int, keyOf, NONE, stringOf } from './value';
import type { IDictValue, IListValue, Value } from './value';

/** Names that are defined without the notebook. */
export const BUILTINS: ReadonlySet<string> = new Set(
  (
    'ArithmeticError AssertionError AttributeError BaseException ' +
    'BaseExceptionGroup BlockingIOError BrokenPipeError BufferError ' +
    'BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ' +
    'ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError ' +
    'Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup False ' +
    'FileExistsError FileNotFoundError FloatingPointError FutureWarning ' +
    'GeneratorExit IOError ImportError ImportWarning IndentationError ' +
    'IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt ' +
    'LookupError MemoryError ModuleNotFoundError NameError None ' +
    'NotADirectoryError NotImplemented NotImplementedError OSError ' +
    'OverflowError PendingDeprecationWarning PermissionError ProcessLookupError ' +
    'PythonFinalizationError RecursionError ReferenceError ResourceWarning ' +
    'RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError ' +
    'SyntaxWarning SystemError SystemExit TabError TimeoutError True TypeError ' +
    'UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError ' +
    'UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning ' +
    'ZeroDivisionError __build_class__ __debug__ __doc__ __import__ __loader__ ' +
    '__name__ __package__ __spec__ abs aiter all anext any ascii bin bool ' +
    'breakpoint bytearray bytes callable chr classmethod compile complex ' +
    'copyright credits delattr dict dir display divmod enumerate eval exec exit ' +
    'filter float format frozenset get_ipython getattr globals hasattr hash ' +
    'help hex id input int isinstance issubclass iter len license list locals ' +
    'map max memoryview min next object oct open ord pow print property quit ' +
    'range repr reversed round set setattr slice sorted staticmethod str sum ' +
    'super tuple type vars zip '
  )
    .trim()
    .split(/\s+/)
);

type Function_ = (args: readonly Value[]) => Value | null;

const one =
  (work: (value: Value) => Value | null): Function_ =>
  args =>
    args.length === 1 ? work(args[0]) : null;

const texts = (text: string | null) => (text === null ? null : computed(text));

/** Functions that are called without keywords. */
const FUNCTIONS: Readonly<Record<string, Function_>> = {
  abs: one(value =>
    value.type === 'int'
      ? int(value.value < 0n ? -value.value : value.value)
      : value.type === 'float'
        ? { type: 'float', value: Math.abs(value.value) }
        : null
  ),
  bool: one(value => {
    const is = truth(value);
    return is === null ? null : bool(is);
  }),
  display: () => NONE,
  float: one(toFloat),
  int: one(toInt),
  len: one(value => {
    const length = lengthOf(value);
    return length === null ? null : int(length);
  }),
  list: one(value =>
    value.type === 'tuple' || (value.type === 'list' && !value.lost)
      ? { type: 'list', items: value.items, lost: null }
      : null
  ),
  print: () => NONE,
  repr: one(value => texts(represented(value))),
  str: one(value => (value.type === 'text' ? value : texts(printed(value)))),
  tuple: one(value =>
    value.type === 'tuple' || (value.type === 'list' && !value.lost)
      ? { type: 'tuple', items: value.items }
      : null
  ),
  'inspect.cleandoc': one(value => stepped(value, 'cleandoc')),
  'textwrap.dedent': one(value => stepped(value, 'dedent'))
};

/** Whether the evaluator knows a function of Python's. */
export function isUnderstood(name: string): boolean {
  return Object.hasOwn(FUNCTIONS, name);
}

/** Call a function of Python's; null where what it gives isn't known. */
export function callBuiltin(
  name: string,
  args: readonly Value[]
): Value | null {
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name](args) : null;
}

/** Call a method of a list or dictionary that leaves it as it is. */
export function callContainer(
  object: IListValue | IDictValue,
  name: string,
  args: readonly Value[]
): Value | null {
  if (object.lost) {
    return null;
  }
  if (name === 'copy' && args.length === 0) {
    return { ...object };
  }
  if (object.type === 'dict' && name === 'get' && args.length > 0) {
    const [key, fallback = NONE] = args;
    const known = keyOf(key);
    return known === null || args.length > 2
      ? null
      : object.entries.has(known)
        ? item(object, key)
        : fallback;
  }
  return null;
}

/** Blanks other than spaces and tabs. */
const OTHER_BLANKS = '[\\f\\v\\r\\x1c-\\x1f\\x85]';

function stepped(value: Value, name: 'dedent' | 'cleandoc'): Value | null {
  if (value.type !== 'text') {
    return null;
  }
  // Later Pythons empty lines of other blanks, too.
  const other = new RegExp(OTHER_BLANKS);
  const isSure = !value.pieces.some(({ text }) => other.test(text));
  return isSure ? step(value, { name }) : null;
}

function toInt(value: Value): Value | null {
  if (value.type === 'int') {
    return value;
  }
  if (value.type === 'float') {
    return int(Math.trunc(value.value));
  }
  const match = /^\s*([+-]?)(\d{1,1000})\s*$/.exec(stringOf(value) ?? '');
  return match === null
    ? null
    : match[1] === '-'
      ? negate('-', int(BigInt(match[2])))
      : int(BigInt(match[2]));
}

function toFloat(value: Value): Value | null {
  if (value.type === 'float') {
    return value;
  }
  const text =
    value.type === 'int' ? String(value.value) : (stringOf(value) ?? '');
  const isPlain = /^[+-]?\d{1,300}(\.\d{0,300})?(e[+-]?\d{1,3})?$/i.test(text);
  const float = Number(text);
  return isPlain && Number.isFinite(float)
    ? { type: 'float', value: float }
    : null;
}
