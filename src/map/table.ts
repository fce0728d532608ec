/** All parts of a map as a table, for a file. */
import type { ISegmentSalience } from '../salience/shares';
import type { IShownMap } from '../session/map';
import { textOf } from '../session/runText';
import type { IText } from '../session/runText';
import { lineOf } from './line';

/** A ranked segment, and its index in the text. */
export interface IRanked {
  readonly segment: ISegmentSalience;
  readonly index: number;
}

/** The segments that have a rank, in its order. */
export function rankedOf(map: IShownMap): IRanked[] {
  return map.segments
    .map((segment, index) => ({ segment, index }))
    .filter(({ segment }) => segment.rank !== null)
    .sort((a, b) => a.segment.rank! - b.segment.rank!);
}

/**
 * A table of a map's ranked parts as CSV (RFC 4180): rank, line, text, score, share; and where effects are known, the
 * target's probability per token with and without the part, and the difference of its logarithm, in nats.
 */
export function tableOf(text: IText, map: IShownMap): string {
  const { effects } = map;
  const head = ['rank', 'line', 'text', 'score', 'share'];
  const more = effects ? ['with_it', 'without_it', 'nats'] : [];
  const rows = rankedOf(map).map(({ segment, index }) => {
    const effect = effects?.all[index];
    return [
      segment.rank,
      lineOf(text, segment.span),
      textOf(text.tokens, segment.span).trim(),
      segment.score,
      segment.share,
      ...(effects ? [effect?.whole, effect?.without, effect?.delta] : [])
    ];
  });
  return [[...head, ...more], ...rows]
    .map(row => row.map(cell).join(',') + '\r\n')
    .join('');
}

/** Texts are quoted; one that a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value: string | number | null | undefined): string {
  if (typeof value !== 'string') {
    return value === null || value === undefined ? '' : String(value);
  }
  const safe = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/.test(value)
    ? `'${value}`
    : value;
  return `"${safe.replace(/"/g, '""')}"`;
}
