/** Makes one table from the scores of all sentences of an answer. Pure functions. */
import { colourWeight, intensityExponent } from '../salience';
import type { IEffect, ISegmentSalience, TokenSpan } from '../salience';
import type { DemandedScores } from '../session/demand';
import { mapOf } from '../session/map';
import { textOf } from '../session/runText';
import type { IMapOptions, IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import type { IPassageEffect } from '../session/mapEffects';

/**
 * Scale of the cells: the row, so that each sentence of the answer shows its
 * shares; or the whole table, so that sentences of the answer can be
 * compared.
 */
export type Scale = 'row' | 'all';

/** How much a sentence influenced a sentence of the answer. */
export interface ICell {
  /**
   * Share of the row or of the whole table, 0 to 1; in a table of effects, by how much
   * the row's probability per token changes.
   */
  readonly part: number;
  /** Strength of colour, -1 to 1; negative if it is against. */
  readonly weight: number;
  /** In a table of shares. */
  readonly segment?: ISegmentSalience;
  /** In a table of effects. */
  readonly effect?: IEffect;
}

/** A sentence of the answer, as a row. */
export interface IRow {
  readonly span: TokenSpan;
  readonly text: string;
  /** One for each column, null for the sentence itself and those after it; null until it is computed. */
  readonly cells: readonly (ICell | null)[] | null;
  /**
   * In a table of effects of a long prompt, one for each column: the passage of a
   * sentence that wasn't looked into, else null.
   */
  readonly unlooked?: readonly (IPassageEffect | null)[];
  /**
   * Its share of the whole table, or in a table of effects its probability per token;
   * null until it is computed.
   */
  readonly total: number | null;
  readonly map: IShownMap | null;
}

/** A sentence of the prompt or of the answer, as a column. */
export interface IColumn {
  readonly span: TokenSpan;
  readonly text: string;
  readonly isAnswer: boolean;
  /**
   * Its share of the whole table; or the mean of its cells, if each row is scaled by
   * itself, missing cells counting as 0; of effects, the mean of those there are, or
   * null.
   */
  readonly total: number | null;
}

/** Rows are the answer's sentences, columns all sentences that precede any of them. */
export interface ITable {
  /** What the cells say. */
  readonly by: 'share' | 'effect';
  readonly rows: readonly IRow[];
  readonly columns: readonly IColumn[];
  /** Whether all rows are computed. */
  readonly isComplete: boolean;
}

/**
 * Make the table.
 *
 * @param text - in sentences, without a target.
 * @param scoresOf - of a sentence: `<float32>[num_tokens]`, or of the sentences
 *   before it; null until they are computed.
 */
export function makeTable(
  text: IText,
  scoresOf: (target: TokenSpan) => readonly number[] | DemandedScores,
  options: IMapOptions,
  scale: Scale
): ITable {
  const targets = targetsOf(text);
  const maps = targets.map(span => {
    const scores = scoresOf(span);
    return scores && mapOf(text, scores, span, options);
  });
  const sizes = maps.map(map =>
    (map?.segments ?? []).reduce((sum, s) => sum + sizeOf(s), 0)
  );
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  // Nothing follows the last sentence, so it needs no column.
  const columns = text.segments.slice(0, -1);
  const largest = maps
    .flatMap(map => map?.segments.map(sizeOf) ?? [])
    .reduce((max, size) => Math.max(max, size), 0);
  const exponent = intensityExponent(options.intensity);
  const rows = targets.map((span, at): IRow => {
    const map = maps[at];
    return {
      span,
      text: textOf(text.tokens, span).trim(),
      map,
      total: map && (whole > 0 ? sizes[at] / whole : 0),
      cells:
        map &&
        columns.map((_, i): ICell | null => {
          const segment = map.segments[i];
          if (segment.share === null) {
            return null;
          }
          if (scale === 'row') {
            return { segment, part: segment.share, weight: map.weights[i] };
          }
          const part = whole > 0 ? sizeOf(segment) / whole : 0;
          const most = whole > 0 ? largest / whole : 0;
          const weight = colourWeight(
            { ...segment, share: part },
            { maxShare: most },
            exponent
          );
          return { segment, part, weight };
        })
    };
  });
  const known = rows.filter(row => row.cells !== null).length;
  return {
    by: 'share',
    rows,
    columns: columns.map((span, i): IColumn => {
      const sum = rows.reduce(
        (all, row) => all + (row.cells?.[i]?.part ?? 0),
        0
      );
      return {
        span,
        text: textOf(text.tokens, span).trim(),
        isAnswer: span[0] >= text.seam,
        total: scale === 'all' ? sum : known > 0 ? sum / known : 0
      };
    }),
    isComplete: known === rows.length
  };
}

/** The sentences of an answer that can be targets; not the sequence's first token. */
export function targetsOf(text: IText): TokenSpan[] {
  return text.answer.filter(([start]) => start > 0);
}

/** A segment's absolute score. */
function sizeOf({ rank, score }: ISegmentSalience): number {
  return rank === null ? 0 : Math.abs(score);
}
