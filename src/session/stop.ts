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

/** A stop sequence as it is shown and typed: `\n` for a line break. */
export function escapeStop(stop: string): string {
  return stop.replace(/[\n\r\t\\]/g, character => ESCAPED[character]);
}

/** What was meant by what was typed; a backslash before anything else is one. */
export function unescapeStop(typed: string): string {
  return typed.replace(/\\[nrt\\]/g, escape => MEANT.get(escape)!);
}

/** Take what is valid of stop sequences that may have been written by hand, each once. */
export function readStops(value: unknown): readonly string[] {
  const valid = (Array.isArray(value) ? value : []).filter(
    (stop): stop is string =>
      typeof stop === 'string' && stop.length > 0 && stop.length <= MAX_STOP
  );
  return [...new Set(valid)].slice(0, MAX_STOPS);
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
    ? trans.__('stopped at a text')
    : trans.__('stopped at %1', quoteStop(stop, trans));
}
