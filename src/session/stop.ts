/** Stop sequences: how they are typed, and what the interface says about them. */
import type { TranslationBundle } from '@jupyterlab/translation';

/** The most, and the longest, that the server accepts. */
export const MAX_STOPS = 8;
export const MAX_STOP = 100;

/** The most characters of one in a line of facts. */
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

/** Characters that are invisible, or that turn the text around them. */
const UNSEEN =
  /[\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]/g;

/** A stop sequence as it is shown and typed: `\n` for a line break, `\u00a0` for an invisible character. */
export function escapeStop(stop: string): string {
  return stop
    .replace(/[\n\r\t\\]/g, character => ESCAPED[character])
    .replace(
      UNSEEN,
      character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    );
}

/** The text that the user means; a backslash before anything else stands for itself. */
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

/** Take what is valid of stop sequences that the user may have edited as JSON, each once. */
export function readStops(value: unknown): readonly string[] {
  const valid = (Array.isArray(value) ? value : []).filter(
    (stop): stop is string =>
      typeof stop === 'string' && stop.length > 0 && stop.length <= MAX_STOP
  );
  return [...new Set(valid)].slice(0, MAX_STOPS);
}

/** Whether two lists end answers at the same places: their order doesn't matter. */
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

/** The stop sequences of a run; empty: none. */
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

/** How an answer ended at a stop sequence. */
export function describeStopped(
  stop: string | null | undefined,
  trans: TranslationBundle
): string {
  return stop === null || stop === undefined
    ? trans.__('ended before one of your texts')
    : trans.__('ended before %1', quoteStop(stop, trans));
}
