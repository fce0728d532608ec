/** Runs the prompt without one of its sentences: a guess becomes a test. */
import { cutIcon } from '@jupyterlab/ui-components';
import React, {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState
} from 'react';

import { usePanel } from '../components/context';
import { followPointed } from '../map/pointed';
import type { IEffect } from '../salience';
import { chances } from '../session/labels';
import type { IShownMap } from '../session/map';
import { describeTrial } from './labels';

/** The most characters of a sentence in a button's name. */
const NAME_LENGTH = 80;

/** Runs the prompt without one sentence. */
export const TryButton = React.forwardRef<
  HTMLButtonElement,
  {
    /** The sentence. */
    content: string;
    /** What deleting it does to the target, if that is known. */
    effect?: IEffect | null;
    onClick: () => void;
    /** Whether Tab reaches it. */
    isStop?: boolean;
  }
>(({ content, effect, onClick, isStop = true }, ref): JSX.Element => {
  const { trans } = usePanel();
  const action = trans.__(
    'Try without it: run the prompt without this, and see both side by side'
  );
  return (
    <button
      ref={ref}
      type="button"
      className="lit-icon-button lit-try"
      tabIndex={isStop ? undefined : -1}
      aria-label={trans.__(
        'Try without “%1”',
        content.trim().slice(0, NAME_LENGTH)
      )}
      title={effect ? `${describeTrial(effect, trans)} ${action}` : action}
      onClick={onClick}
    >
      <cutIcon.react tag="span" />
    </button>
  );
});
TryButton.displayName = 'TryButton';

/**
 * The button at the end of the prompt's segment under the pointer or the focus. With
 * the keyboard, Delete does the same.
 */
export function TryOverlay(props: {
  root: React.RefObject<HTMLDivElement>;
  /** Whether to show the button; Delete works in any case. */
  isOffered: boolean;
  /** The map, whose effects say beforehand what a trial does to the target. */
  map?: IShownMap | null;
  onTry: (index: number) => void;
}): JSX.Element | null {
  const { root, isOffered } = props;
  const [element, setElement] = useState<HTMLElement | null>(null);
  const { trans } = usePanel();
  const place = useRef<HTMLSpanElement>(null);
  const button = useRef<HTMLButtonElement>(null);
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
      if (segment && event.key === 'Delete') {
        event.preventDefault();
        event.stopPropagation();
        latest.current.onTry(Number(segment.dataset.segment));
      }
    };
    return followPointed(textElement, { enter, leave, key });
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
    // Without room for the figures, they go: the tooltip has them, too.
    box.dataset.fits = 'true';
    const fits = last.right + badge + box.offsetWidth <= free;
    box.dataset.fits = String(fits);
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
        <span className="lit-try-effect" title={describeTrial(effect, trans)}>
          {chances(effect)}
        </span>
      )}
      <TryButton
        ref={button}
        content={element.textContent ?? ''}
        effect={effect}
        isStop={false}
        onClick={() => {
          setElement(null);
          props.onTry(Number(element.dataset.segment));
        }}
      />
    </span>
  ) : null;
}

/** Where the next text on a segment's last row begins; Infinity: there is none. */
function freeFrom(segment: HTMLElement | null, row: DOMRect): number {
  const all = segment?.closest('.lit-flow')?.querySelectorAll(SEGMENT) ?? [];
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
