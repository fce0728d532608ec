/** Trials of a sentence, where it is in the text: a guess becomes a test. */
import React, {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState
} from 'react';

import { usePanel } from '../components/context';
import { followPointed } from '../map/pointed';
import { chances, describeEffect } from '../session/labels';
import type { IShownMap } from '../session/map';
import { MarkBox, PartTools } from './partTools';

/** What the user can do with a segment of the prompt. */
export interface ISegmentTrials {
  readonly onTry: (index: number) => void;
  /** Delete was pressed on it. */
  readonly onDelete: (index: number) => void;
  /** Type another text for it; the focus then returns to an element. */
  readonly onInstead: (index: number, opener: HTMLElement) => void;
  readonly onMark: (index: number) => void;
  readonly isMarked: (index: number) => boolean | 'mixed';
}

/**
 * The tools at the end of the prompt's segment under the pointer or the focus. With
 * the keyboard, Delete, F2 and Space do the same; so does a click with Ctrl for a mark.
 */
export function TryOverlay(props: {
  root: React.RefObject<HTMLDivElement>;
  /** Whether to show the tools; the keys work in any case. */
  isOffered: boolean;
  /** The map, whose effects say beforehand what a trial does to the target. */
  map?: IShownMap | null;
  trials: ISegmentTrials;
}): JSX.Element | null {
  const { root, isOffered } = props;
  const [element, setElement] = useState<HTMLElement | null>(null);
  const { trans } = usePanel();
  const place = useRef<HTMLSpanElement>(null);
  const latest = useRef(props);
  latest.current = props;
  const timer = useRef(0);
  /** Show it at a segment; hide it after the pointer had time to reach it. */
  const show = useCallback((segment: HTMLElement | null) => {
    window.clearTimeout(timer.current);
    if (segment) {
      setElement(segment);
    } else {
      timer.current = window.setTimeout(() => setElement(null), PATIENCE);
    }
  }, []);
  useEffect(() => () => window.clearTimeout(timer.current), []);

  useEffect(() => {
    const textElement = root.current;
    if (!textElement) {
      return;
    }
    const enter = (event: Event) => show(promptSegmentAt(event.target));
    const leave = () => show(null);
    const key = (event: KeyboardEvent) => {
      const segment = promptSegmentAt(event.target);
      const { trials } = latest.current;
      const actions: Readonly<Record<string, (index: number) => void>> = {
        Delete: trials.onDelete,
        F2: index => segment && trials.onInstead(index, segment),
        // It folds and unfolds turns.
        ...(segment?.dataset.turn === undefined && { ' ': trials.onMark })
      };
      const isModified =
        event.ctrlKey || event.metaKey || event.altKey || event.shiftKey;
      if (segment && !isModified && Object.hasOwn(actions, event.key)) {
        event.preventDefault();
        event.stopPropagation();
        actions[event.key](Number(segment.dataset.segment));
      }
    };
    const click = (event: MouseEvent) => {
      const segment = promptSegmentAt(event.target);
      if (segment && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        event.stopPropagation();
        latest.current.trials.onMark(Number(segment.dataset.segment));
      }
    };
    textElement.addEventListener('click', click);
    const unfollow = followPointed(textElement, { enter, leave, key });
    return () => {
      textElement.removeEventListener('click', click);
      unfollow();
    };
  }, [root, show]);

  const isShown = isOffered && element?.isConnected === true;
  const effect = isShown
    ? props.map?.effects?.all[Number(element.dataset.segment)]
    : null;
  useLayoutEffect(() => {
    const frame = root.current?.parentElement;
    const box = place.current;
    const rows = element?.getClientRects();
    const last = rows?.[rows.length - 1];
    if (!box || !frame || !last) {
      return;
    }
    const outer = frame.getBoundingClientRect();
    const badge = element?.nextElementSibling?.classList.contains('lit-badge')
      ? BADGE_WIDTH
      : 0;
    const free =
      Math.min(freeFrom(element, last), outer.left + frame.clientWidth) - 2;
    // Without room for the figures, they go: the tooltip has them, too. The scissors stay at
    // a segment so short that the others would cover the text before it.
    box.dataset.fits = 'all';
    if (last.right + badge + box.offsetWidth > free) {
      box.dataset.fits = 'tools';
      if (free - box.offsetWidth < last.left) {
        box.dataset.fits = 'scissors';
      }
    }
    // It covers its own segment's end, or the rank, rather than the next word.
    const left = Math.min(last.right + badge, free - box.offsetWidth);
    box.style.left = `${Math.max(0, left - outer.left)}px`;
    box.style.top = `${(last.top + last.bottom - box.offsetHeight) / 2 - outer.top}px`;
  });

  return isShown ? (
    <span
      ref={place}
      className="lit-try-place"
      onMouseEnter={() => show(element)}
      onMouseLeave={() => show(null)}
    >
      {effect && (
        <span
          className="lit-try-effect"
          title={describeEffect(effect, null, trans)}
        >
          {chances(effect)}
        </span>
      )}
      <PartTools
        content={element.textContent ?? ''}
        effect={effect}
        isStop={false}
        onTry={() => {
          setElement(null);
          props.trials.onTry(Number(element.dataset.segment));
        }}
        onInstead={() => {
          setElement(null);
          props.trials.onInstead(Number(element.dataset.segment), element);
        }}
      />
      <MarkBox
        content={element.textContent ?? ''}
        isStop={false}
        marked={props.trials.isMarked(Number(element.dataset.segment))}
        onMark={() => props.trials.onMark(Number(element.dataset.segment))}
      />
    </span>
  ) : null;
}

/** Where the next text on a segment's last row begins; Infinity: there is none. */
function freeFrom(segment: HTMLElement | null, row: DOMRect): number {
  const all = segment?.closest('.lit-text')?.querySelectorAll(SEGMENT) ?? [];
  const next = all[[...all].indexOf(segment!) + 1]?.getClientRects()[0];
  const isBeside =
    next !== undefined && next.top < row.bottom && next.bottom > row.top;
  return isBeside && next.left >= row.left ? next.left : Infinity;
}

const SEGMENT = '[data-segment]';

/** Milliseconds for the pointer to move from a segment to its button. */
const PATIENCE = 350;

/** A rank beside a segment, and the space around it; in pixels. */
const BADGE_WIDTH = 24;

function promptSegmentAt(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element
    ? target.closest<HTMLElement>('[data-part="prompt"] [data-segment]')
    : null;
}
