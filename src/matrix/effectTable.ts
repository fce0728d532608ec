/** Makes one table from the effects on all sentences of an answer. Pure functions. */
import { colourWeight, effectsOn, intensityExponent } from '../salience';
import type { IEffect, TokenSpan } from '../salience';
import { FAINT_EFFECT } from '../session/effectMap';
import type { IEffectSource } from '../session/effectSegments';
import { textOf } from '../session/map';
import type { IText } from '../session/map';
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
  { segments, table }: IEffectSource,
  intensity: number,
  scale: Scale
): ITable | null {
  const { spans, seam } = segments;
  const indices = new Map(spans.map((span, i) => [keyOf(span), i]));
  const prompt = new Set(text.prompt.map(keyOf));
  const isOfText = spans.every(
    span => span[0] >= seam || prompt.has(keyOf(span))
  );
  if (!isOfText || text.seam !== seam) {
    return null;
  }
  const columns = text.segments.slice(0, -1);
  const found = targetsOf(text).map(span => {
    const [start, end] = span;
    const all = effectsOn(table, spans.length, [start - seam, end - seam]);
    const effects = columns.map((column): IEffect | null =>
      column[1] <= start
        ? (all[indices.get(keyOf(column)) ?? -1] ?? null)
        : null
    );
    // Per token, so that sentences of any length have one scale.
    const sizes = effects.map(
      effect => Math.abs(effect?.delta ?? 0) / (end - start)
    );
    return { span, effects, most: Math.max(0, ...sizes) };
  });
  const exponent = intensityExponent(intensity);
  const largest = Math.max(0, ...found.map(({ most }) => most));
  const rows = found.map(({ span, effects, most }): IRow => {
    const maxShare = Math.max(scale === 'row' ? most : largest, FAINT_EFFECT);
    return {
      span,
      text: textOf(text.tokens, span).trim(),
      map: null,
      total: effects.find(effect => effect !== null)?.whole ?? null,
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
        total: cells.length > 0 ? sum / cells.length : 0
      };
    }),
    isComplete: true
  };
}

function keyOf([start, end]: TokenSpan): string {
  return `${start}:${end}`;
}
