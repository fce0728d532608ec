/** Checks of values that may be anything: each returns its value, or says what is wrong. */

/** The most characters of a text, as the server counts them. */
export const MAX_TEXT = 4_000_000;

/** Returns a value, or throws an error that says where and why it is invalid. */
export type Check<T> = (value: unknown, at: string) => T;

/** An object's own fields, without inherited ones. */
export type Fields = (name: string) => unknown;

export const object: Check<Fields> = (value, at) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${at} is no object`);
  }
  return name =>
    Object.prototype.hasOwnProperty.call(value, name)
      ? (value as Record<string, unknown>)[name]
      : undefined;
};

export const text: Check<string> = (value, at) => {
  if (typeof value !== 'string') {
    throw new Error(`${at} is no text`);
  }
  if (value.length > MAX_TEXT) {
    throw new Error(`${at} is too long`);
  }
  return value;
};

export const boolean: Check<boolean> = (value, at) => {
  if (typeof value !== 'boolean') {
    throw new Error(`${at} is neither true nor false`);
  }
  return value;
};

export const number: Check<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Error(`${at} is no number`);
  }
  return value;
};

/** A number within bounds. */
export function between(low: number, high: number): Check<number> {
  return (value, at) => {
    const found = number(value, at);
    if (found < low || found > high) {
      throw new Error(`${at} is out of range`);
    }
    return found;
  };
}

/** An integer within bounds. */
export function whole(
  low: number,
  high = Number.MAX_SAFE_INTEGER
): Check<number> {
  const check = between(low, high);
  return (value, at) => {
    const found = check(value, at);
    if (!Number.isInteger(found)) {
      throw new Error(`${at} is no whole number`);
    }
    return found;
  };
}

/** One of some values. */
export function oneOf<T extends string>(all: readonly T[]): Check<T> {
  return (value, at) => {
    const found = all.find(item => item === value);
    if (found === undefined) {
      throw new Error(`${at} is none of ${all.join(', ')}`);
    }
    return found;
  };
}

/** A value, or null. */
export function orNull<T>(check: Check<T>): Check<T | null> {
  return (value, at) => (value === null ? null : check(value, at));
}

/** A value that older versions leave out. */
export function orElse<T>(check: Check<T>, otherwise: T): Check<T> {
  return (value, at) => (value === undefined ? otherwise : check(value, at));
}

/** A list with a limited length. */
export function list<T>(check: Check<T>, most: number): Check<T[]> {
  return (value, at) => {
    if (!Array.isArray(value)) {
      throw new Error(`${at} is no list`);
    }
    if (value.length > most) {
      throw new Error(`${at} has more than ${most} items`);
    }
    return value.map((item: unknown, i) => check(item, `${at}[${i}]`));
  };
}
