/** Damage to JSON, for the specs: values in the places of others. */

export type Json =
  null | boolean | number | string | Json[] | { [key: string]: Json };

const DEEP = JSON.parse('['.repeat(1000) + ']'.repeat(1000)) as Json;

/** What stands in the place of a value: left out, or something else. */
export const INSTEAD: readonly (Json | undefined)[] = [
  undefined,
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '',
  '<img src=x onerror="hacked()">',
  'x'.repeat(5000),
  [],
  [null],
  [1, 2, 3],
  {},
  JSON.parse('{"__proto__": {"polluted": true}, "length": 4}') as Json,
  DEEP
];

/** All paths to values in a JSON value. */
export function pathsOf(value: Json, path: string[] = []): string[][] {
  const inner =
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, one]) =>
          pathsOf(one, [...path, name])
        )
      : [];
  return [path, ...inner];
}

/** A copy of a value with something else at a path. */
export function changed(
  value: Json,
  path: string[],
  to: Json | undefined
): unknown {
  if (path.length === 0) {
    return to;
  }
  const [name, ...rest] = path;
  const copy: Record<string, unknown> = Array.isArray(value)
    ? ([...value] as unknown as Record<string, unknown>)
    : { ...(value as Record<string, Json>) };
  copy[name] = changed((value as Record<string, Json>)[name], rest, to);
  if (copy[name] === undefined) {
    delete copy[name];
  }
  return copy;
}
