/**
 * Shades in a cell's editor. They live in CodeMirror's state, so that they move
 * with edits and outlast an editor's leaving the screen.
 */
import { StateEffect, StateField } from '@codemirror/state';
import type { Range } from '@codemirror/state';
import { Decoration, EditorView } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';

import { sourceSpans } from '../session/mapped';
import type { IShade, ITextRun, Span } from '../session/source';

/** Ranks that are marked by more than colour. */
export const MARKED_RANKS = 3;

/** A stretch of an editor's text to be shaded. */
export interface IShadedRange {
  readonly span: Span;
  readonly weight: number;
  readonly rank: number;
  readonly label: string;
}

/** Replace all shades of an editor. */
export const setShades = StateEffect.define<readonly IShadedRange[]>();

/** The shades of an editor. */
export const shadesField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (shades, transaction) => {
    let next = shades.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (effect.is(setShades)) {
        next = decorations(effect.value, transaction.newDoc.length);
      }
    }
    return next;
  },
  provide: field => EditorView.decorations.from(field)
});

/** Shade an editor's text; an empty list clears. */
export function paint(view: EditorView, ranges: readonly IShadedRange[]): void {
  const shades = view.state.field(shadesField, false);
  if (shades === undefined) {
    if (ranges.length > 0) {
      view.dispatch({
        effects: [
          StateEffect.appendConfig.of(
            shadesField.init(state => decorations(ranges, state.doc.length))
          )
        ]
      });
    }
  } else if (ranges.length > 0 || shades.size > 0) {
    view.dispatch({ effects: setShades.of(ranges) });
  }
}

/**
 * Where shades of a prompt lie in its source.
 *
 * A template's field is shaded as the strongest part of its value, and its
 * label tells all parts. Blanks around a stretch stay free.
 *
 * @param map - from the filled-in prompt to the source
 */
export function shadedRanges(
  shades: readonly IShade[],
  map: readonly ITextRun[],
  source: string
): IShadedRange[] {
  const ranges: IShadedRange[] = [];
  for (const { span, weight, rank, label } of shades) {
    for (const stretch of sourceSpans(map, span)) {
      const trimmed = trim(source, stretch);
      if (trimmed !== null) {
        ranges.push({ span: trimmed, weight, rank, label });
      }
    }
  }
  return apart(ranges);
}

/** Cut ranges that overlap: where several lie, the strongest is shown. */
function apart(ranges: readonly IShadedRange[]): IShadedRange[] {
  const starting = [...ranges].sort((a, b) => a.span[0] - b.span[0]);
  const cuts = [...new Set(ranges.flatMap(({ span }) => span))];
  cuts.sort((a, b) => a - b);
  const shown: IShadedRange[] = [];
  let active: IShadedRange[] = [];
  let next = 0;
  for (let index = 0; index + 1 < cuts.length; index++) {
    const [from, to] = [cuts[index], cuts[index + 1]];
    active = active.filter(({ span }) => span[1] > from);
    while (next < starting.length && starting[next].span[0] === from) {
      active.push(starting[next++]);
    }
    if (active.length > 0) {
      const byRank = [...active].sort((a, b) => a.rank - b.rank);
      const label = byRank.map(range => range.label).join('\n');
      shown.push({ ...byRank[0], span: [from, to], label });
    }
  }
  return shown;
}

function decorations(
  ranges: readonly IShadedRange[],
  length: number
): DecorationSet {
  const marks: Range<Decoration>[] = [];
  for (const { span, weight, rank, label } of ranges) {
    const [from, to] = span;
    if (weight === 0 || from >= to || to > length) {
      continue;
    }
    marks.push(
      Decoration.mark({
        class: 'lit-shade',
        attributes: {
          title: label,
          style: `--lit-weight: ${Math.abs(weight).toFixed(3)}`,
          'data-sign': weight < 0 ? 'negative' : 'positive',
          ...(rank <= MARKED_RANKS ? { 'data-rank': String(rank) } : {})
        }
      }).range(from, to)
    );
  }
  return Decoration.set(marks, true);
}

function trim(source: string, [from, to]: Span): Span | null {
  let start = from;
  let end = to;
  while (start < end && /\s/.test(source[start])) {
    start++;
  }
  while (start < end && /\s/.test(source[end - 1])) {
    end--;
  }
  return start < end ? [start, end] : null;
}
