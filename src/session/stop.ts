/** Stop sequences: texts that end an answer, how they are typed, and what is said of them. */
import type { TranslationBundle } from '@jupyterlab/translation';

/** As many and as long as requests take. */
export const MAX_STOPS = 8;
export const MAX_STOP = 100;

/** Most characters of one that a line of facts shows. */
const MAX_SHOWN = 40;

const ESCAPED: Readonly<Record<string, string>> = {
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\\': '\\\\'
};
const MEANT: ReadonlyMap<string, string> = new Map(
  Object.entries(ESCAPED).map(([character, escape]) => [escape, character])
);

/** What can't be seen, or turns the text around it. */
const UNSEEN =
  /[\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/g;

/** A stop sequence as it is shown and typed: `\n` for a line break, `\u00a0` for what can't be seen. */
export function escapeStop(stop: string): string {
  return stop
    .replace(/[\n\r\t\\]/g, character => ESCAPED[character])
    .replace(
      UNSEEN,
      character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    );
}

/** What was meant by what was typed; a backslash before anything else is one. */
export function unescapeStop(typed: string): string {
  return typed.replace(
    /\\(?:[nrt\\]|u[0-9a-f]{4})/gi,
    escape =>
      MEANT.get(escape) ??
      (/^\\u/i.test(escape)
        ? String.fromCharCode(parseInt(escape.slice(2), 16))
        : escape)
  );
}

/** Take what is valid of stop sequences that may have been written by hand, each once. */
export function readStops(value: unknown): readonly string[] {
  const valid = (Array.isArray(value) ? value : []).filter(
    (stop): stop is string =>
      typeof stop === 'string' && stop.length > 0 && stop.length <= MAX_STOP
  );
  return [...new Set(valid)].slice(0, MAX_STOPS);
}

/** Whether two lists of them end answers at the same places: their order makes no difference. */
export function isSameStops(
  some: readonly string[] = [],
  others: readonly string[] = []
): boolean {
  return (
    JSON.stringify([...some].sort()) === JSON.stringify([...others].sort())
  );
}

/** A stop sequence in quotation marks. */
export function quoteStop(stop: string, trans: TranslationBundle): string {
  const characters = [...escapeStop(stop)];
  return trans.__(
    '“%1”',
    characters.length > MAX_SHOWN
      ? `${characters.slice(0, MAX_SHOWN - 1).join('')}…`
      : characters.join('')
  );
}

/** Where an answer was to end, in words; empty: nowhere before its end. */
export function describeStops(
  stops: readonly string[] | undefined,
  trans: TranslationBundle
): string {
  return stops === undefined || stops.length === 0
    ? ''
    : trans.__(
        'to stop at %1',
        stops.map(stop => quoteStop(stop, trans)).join(', ')
      );
}

/** How an answer ended at a stop sequence, in words. */
export function describeStopped(
  stop: string | null | undefined,
  trans: TranslationBundle
): string {
  return stop === null || stop === undefined
    ? trans.__('ended before one of your texts')
    : trans.__('ended before %1', quoteStop(stop, trans));
}
