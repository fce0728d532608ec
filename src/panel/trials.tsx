/** What the user can try with parts of the shown prompt, in the text and in the ranking. */
import React, { useMemo } from 'react';

import type { CompareLauncher } from '../compare/launcher';
import { MarkBox, PartTools } from '../compare/partTools';
import type { ISegmentTrials } from '../compare/tryOverlay';
import { useRedraw } from '../components/redraw';
import { markOf } from '../map/marked';
import type { ISelectionTrials } from '../map/selection';
import type { ISegmentTools } from '../map/topSegments';
import type { TokenSpan } from '../salience';
import type { IShownMap } from '../session/map';

/** Trials of the shown run's prompt. */
export interface ITrials {
  /** The marked parts; undefined: there is nothing to try now. */
  readonly marked: readonly TokenSpan[] | undefined;
  /** Of a segment in the text. */
  readonly segment: ISegmentTrials;
  /** Of a selection of the text. */
  readonly selection: ISelectionTrials;
  /** Beside a row of the ranking. */
  readonly tools: ISegmentTools;
}

/** The trials; the same object while nothing of them changes. */
export function useTrials(
  launcher: CompareLauncher,
  map: IShownMap | null
): ITrials {
  const { parts, current } = launcher;
  useRedraw(launcher);
  useRedraw(parts);
  const marked = current ? parts.marked : undefined;
  return useMemo(() => {
    /** Do something with a segment's tokens. */
    const withSpan = (index: number, act: (span: TokenSpan) => void) => {
      const span = launcher.spanOf(index);
      if (span) {
        act(span);
      }
    };
    const isMarked = (index: number) => {
      const span = launcher.spanOf(index);
      return span !== null && markOf(span, marked ?? []);
    };
    const selection: ISelectionTrials = {
      onTry: span => launcher.tryWithout(span),
      onInstead: (span, opener) => launcher.edit(span, opener),
      onMark: span => launcher.mark(span)
    };
    const segment: ISegmentTrials = {
      onTry: index => withSpan(index, selection.onTry),
      // As in a list of files: of several that are chosen, all.
      onDelete: index =>
        isMarked(index) === true
          ? launcher.tryWithout(...parts.marked)
          : segment.onTry(index),
      onInstead: (index, opener) =>
        withSpan(index, span => selection.onInstead(span, opener)),
      onMark: index => withSpan(index, selection.onMark),
      isMarked
    };
    const tools: ISegmentTools = {
      mark: (index, content) => (
        <MarkBox
          content={content}
          marked={isMarked(index)}
          onMark={() => segment.onMark(index)}
        />
      ),
      trials: (index, content) => (
        <PartTools
          content={content}
          effect={map?.effects?.all[index]}
          onTry={() => segment.onTry(index)}
          onInstead={opener => segment.onInstead(index, opener)}
        />
      )
    };
    return { marked, segment, selection, tools };
  }, [launcher, parts, marked, map]);
}
