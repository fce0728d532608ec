import type { TranslationBundle } from '@jupyterlab/translation';
import React, {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from 'react';

import type { DatasetRow } from '../api';
import { nextIndex } from '../components/rovingFocus';
import type { PromptModel } from '../session/prompt';
import { Detail } from './detail';
import type { Listing } from './listing';
import type { DatasetsModel } from './model';
import type { OpenedDataset } from './opened';
import { boxHeight, inSight, placeOf, ROW, scrollTo } from './window';
import type { IScrolled } from './window';

/** The list's height before it is measured, in px. */
const HEIGHT = 400;

/**
 * Rows, of which only the visible ones are rendered. One stop of Tab; arrow keys
 * move between rows.
 */
export function Rows(props: {
  model: DatasetsModel;
  dataset: OpenedDataset;
  prompt: PromptModel;
  /** The row whose prompt is analyzed, or null. */
  shown: number | null;
  trans: TranslationBundle;
}): JSX.Element {
  const { model, dataset, prompt, shown, trans } = props;
  const rows = dataset.list;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(HEIGHT);
  const [active, setActive] = useState(0);
  const toFocus = useRef<number | null>(null);
  const { total, expanded, expandedAt } = rows;
  const current = Math.min(active, Math.max(0, total - 1));
  const list: IScrolled = { total, expanded: expandedAt, top, height };
  const { start, end } = inSight(list);

  useEffect(() => {
    rows.want(start, end);
  });
  useEffect(() => {
    const element = box.current!;
    if (typeof ResizeObserver === 'undefined') {
      return;
    }
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const goTo = (index: number, focus: boolean) => {
    const element = box.current!;
    setActive(index);
    element.scrollTop = scrollTo({ ...list, top: element.scrollTop }, index);
    setTop(element.scrollTop);
    toFocus.current = focus ? index : null;
  };
  const reveal = useRef(goTo);
  reveal.current = goTo;
  useEffect(() => {
    const onReveal = (_: Listing, index: number) =>
      // The list may just have become longer.
      requestAnimationFrame(() => box.current && reveal.current(index, true));
    rows.revealed.connect(onReveal);
    return () => {
      rows.revealed.disconnect(onReveal);
    };
  }, [rows]);
  useLayoutEffect(() => {
    const element =
      toFocus.current !== null &&
      box.current!.querySelector<HTMLElement>(
        `[data-index="${toFocus.current}"] > .lit-row`
      );
    if (element) {
      toFocus.current = null;
      element.focus({ preventScroll: true });
    }
  });

  // The same functions each time, so that React doesn't render rows again.
  const onChoose = useCallback(
    (index: number) => {
      const row = rows.row(index);
      if (row) {
        void model.analyze(row.id);
      }
    },
    [model, rows]
  );
  const onToggle = useCallback(
    (index: number) => {
      const row = rows.row(index);
      if (row) {
        void rows.expand(row.id === rows.expanded ? null : row.id, index);
      }
    },
    [rows]
  );
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (!(event.target as Element).classList.contains('lit-row')) {
      return;
    }
    const page = Math.max(1, Math.floor(height / ROW) - 1);
    const to = nextIndex(event.key, current, total, page);
    const row = rows.row(current);
    if (to !== null) {
      goTo(to, true);
    } else if (
      row &&
      ((event.key === 'ArrowRight' && row.id !== expanded) ||
        (event.key === 'ArrowLeft' && row.id === expanded))
    ) {
      onToggle(current);
    } else if (row && event.key === 'Delete') {
      toFocus.current = current;
      void dataset.edits.delete(row);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  const indices = useMemo(() => {
    const indices = Array.from({ length: end - start }, (_, i) => start + i);
    // The row with the focus stays rendered, out of view, or the focus would be lost.
    return current < start || current >= end ? [...indices, current] : indices;
  }, [start, end, current]);
  return (
    <div
      ref={box}
      className="lit-window"
      onScroll={event => setTop(event.currentTarget.scrollTop)}
    >
      <ul
        className="lit-rows lit-window-rows"
        aria-label={trans.__('Prompts')}
        style={{ height: boxHeight(list) }}
        onKeyDown={onKeyDown}
      >
        {indices.map(index => {
          const row = rows.row(index);
          const isExpanded = index === expandedAt;
          return (
            <li
              key={index}
              className="lit-window-row"
              data-index={index}
              data-shown={row !== undefined && row.id === shown}
              aria-setsize={total}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${placeOf(list, index)}px)` }}
            >
              <Row
                index={index}
                row={row}
                trans={trans}
                reachable={index === current}
                expanded={isExpanded}
                shown={row !== undefined && row.id === shown}
                onFocus={setActive}
                onChoose={onChoose}
                onToggle={onToggle}
              />
              {isExpanded && row && (
                <Detail
                  model={model}
                  dataset={dataset}
                  prompt={prompt}
                  row={row}
                  trans={trans}
                  onDelete={() => {
                    toFocus.current = index;
                  }}
                />
              )}
            </li>
          );
        })}
      </ul>
    </div>
  );
}

const Row = React.memo(function Row(props: {
  index: number;
  row: DatasetRow | undefined;
  trans: TranslationBundle;
  reachable: boolean;
  expanded: boolean;
  shown: boolean;
  onFocus: (index: number) => void;
  onChoose: (index: number) => void;
  onToggle: (index: number) => void;
}): JSX.Element {
  const { index, row, trans, expanded } = props;
  const text = row ? oneLine(row.prompt) : '…';
  return (
    <>
      <button
        type="button"
        className="lit-row"
        tabIndex={props.reachable ? 0 : -1}
        aria-current={props.shown}
        aria-busy={row === undefined}
        title={trans.__('Run this prompt')}
        onFocus={() => props.onFocus(index)}
        onClick={() => props.onChoose(index)}
      >
        <span className="lit-row-source">
          {row && (row.source || trans.__('row %1', row.id))}
          {row?.has_target && (
            <span className="lit-row-mark">{trans.__('has a target')}</span>
          )}
        </span>
        <bdi className="lit-row-prompt">{text}</bdi>
      </button>
      <button
        type="button"
        className="lit-icon-button lit-row-expand"
        tabIndex={props.reachable ? 0 : -1}
        aria-expanded={expanded}
        aria-label={trans.__('Whole text of %1', text.slice(0, 60))}
        title={expanded ? trans.__('Show less') : trans.__('Show all of it')}
        onFocus={() => props.onFocus(index)}
        onClick={() => props.onToggle(index)}
      >
        <span className="lit-disclosure-mark" aria-hidden />
      </button>
    </>
  );
});

/** As much of a prompt as a row can show. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
