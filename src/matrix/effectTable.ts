/** Makes one table from the effects on all sentences of an answer. Pure functions. */
import { colourWeight, FAINT_EFFECT, intensityExponent } from '../salience';
import type { IEffect, TokenSpan } from '../salience';
import type { IEffectSource } from '../session/effectSegments';
import { knownEffects } from '../session/knownEffects';
import { textOf } from '../session/runText';
import type { IText } from '../session/runText';
import type { IPassageEffect } from '../session/mapEffects';
import { targetsOf } from './table';
import type { ICell, IColumn, IRow, ITable, Scale } from './table';

/**
 * Make the table: a cell says by how much deleting the column's sentence lowers the
 * probability per token of the row's.
 *
 * @param text - in sentences, without a target.
 * @returns null if these sentences aren't those of the effects.
 */
export function makeEffectTable(
  text: IText,
  source: IEffectSource,
  intensity: number,
  scale: Scale
): ITable | null {
  const { seam } = source.segments;
  if (text.seam !== seam) {
    return null;
  }
  const columns = text.segments.slice(0, -1);
  const found = targetsOf(text).flatMap((span): IFound[] => {
    const [start, end] = span;
    const known = knownEffects(columns, span, source);
    if (!known) {
      return [];
    }
    const before = <T>(values: readonly (T | null)[]) =>
      values.map((value, i) => (columns[i][1] <= start ? value : null));
    const effects = before(known.all);
    // Per token, so that sentences of any length have one scale.
    const sizes = effects.map(
      effect => Math.abs(effect?.delta ?? 0) / (end - start)
    );
    const unlooked = known.passages && before(known.passages);
    const most = sizes.reduce((max, size) => Math.max(max, size), 0);
    return [{ span, effects, most, ...(unlooked && { unlooked }) }];
  });
  if (found.length < targetsOf(text).length) {
    return null;
  }
  const exponent = intensityExponent(intensity);
  const largest = Math.max(0, ...found.map(({ most }) => most));
  const rows = found.map(({ span, effects, unlooked, most }): IRow => {
    const maxShare = Math.max(scale === 'row' ? most : largest, FAINT_EFFECT);
    return {
      span,
      text: textOf(text.tokens, span).trim(),
      map: null,
      total:
        [...effects, ...(unlooked ?? [])].find(one => one !== null)?.whole ??
        null,
      ...(unlooked && { unlooked }),
      cells: effects.map((effect): ICell | null => {
        if (!effect) {
          return null;
        }
        const score = effect.delta / (span[1] - span[0]);
        const share = Math.abs(score);
        const weight = colourWeight(
          { span, score, rank: null, share },
          { maxShare },
          exponent
        );
        return {
          part: Math.abs(effect.whole - effect.without),
          weight,
          effect
        };
      })
    };
  });
  return {
    by: 'effect',
    rows,
    columns: columns.map((span, i): IColumn => {
      const cells = rows.flatMap(row => row.cells?.[i] ?? []);
      const sum = cells.reduce(
        (all, { part, weight }) => all + (weight < 0 ? -part : part),
        0
      );
      return {
        span,
        text: textOf(text.tokens, span).trim(),
        isAnswer: span[0] >= seam,
        total: cells.length > 0 ? sum / cells.length : null
      };
    }),
    isComplete: true
  };
}

/** What is known of a row. */
interface IFound {
  readonly span: TokenSpan;
  readonly effects: readonly (IEffect | null)[];
  readonly unlooked?: readonly (IPassageEffect | null)[];
  /** The size of the largest effect, in nats per token. */
  readonly most: number;
}
