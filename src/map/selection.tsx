/** Actions on a selection of the text. */
import React, {
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState
} from 'react';

import { usePanel } from '../components/context';
import type { TokenSpan } from '../salience';
import type { IText } from '../session/runText';
import { segmentsBetween } from './selected';

/** What to try with a part of the prompt. */
export interface ISelectionTrials {
  /** Run the prompt without it. */
  readonly onTry: (span: TokenSpan) => void;
  /** Type another text for it; the focus then returns to an element. */
  readonly onInstead: (span: TokenSpan, opener: HTMLElement) => void;
  /** Mark it, or unmark it. */
  readonly onMark: (span: TokenSpan) => void;
}

/**
 * The buttons below a selection, which map that part of the text, or try the prompt
 * without it, or with another text in its place. They are laid over the text, so that nothing moves while the user drags.
 * Selections consist of whole segments; with the keyboard, Shift and the arrow keys
 * select, and Tab reaches the buttons.
 */
export function SelectionOverlay(props: {
  root: React.RefObject<HTMLDivElement>;
  text: IText;
  /** Whether to offer mapping only the selection. */
  isOffered: boolean;
  onRestrict: (within: TokenSpan) => void;
  /** What to try with a part of the prompt; null: not now. */
  trials: ISelectionTrials | null;
}): JSX.Element {
  const { trans } = usePanel();
  const { root, text, isOffered, onRestrict, trials } = props;
  const selected = useSelection(root);
  const buttons = useRef<HTMLSpanElement>(null);
  const first = selected && text.segments[selected[0]];
  const last = selected && text.segments[selected[1]];
  const span: TokenSpan | null =
    isOffered && first && last ? [first[0], last[1]] : null;

  useEffect(() => {
    const textElement = root.current;
    const escape = (event: KeyboardEvent) => {
      if (
        event.key === 'Escape' &&
        window.getSelection()?.isCollapsed === false
      ) {
        event.stopPropagation(); // otherwise the panel clears the target
        window.getSelection()?.removeAllRanges();
      }
    };
    textElement?.addEventListener('keydown', escape);
    return () => textElement?.removeEventListener('keydown', escape);
  }, [root]);

  useLayoutEffect(() => {
    const frame = root.current?.parentElement;
    const box = buttons.current;
    const selection = window.getSelection();
    if (!frame || !box || !selection?.rangeCount) {
      return;
    }
    const rows = selection.getRangeAt(0).getClientRects();
    const end = rows[rows.length - 1] as DOMRect | undefined;
    const outer = frame.getBoundingClientRect();
    if (end) {
      const left = end.right - outer.left - box.offsetWidth / 2;
      const most = frame.clientWidth - box.offsetWidth - 8;
      box.style.left = `${Math.max(8, Math.min(left, most))}px`;
      box.style.top = `${end.bottom - outer.top + 6}px`;
    }
  });

  const leave = () => {
    window.getSelection()?.removeAllRanges();
    // Otherwise the focus would go to the beginning of the page.
    const next = root.current?.querySelector<HTMLElement>(
      '[data-segment][tabindex="0"]'
    );
    next?.focus({ preventScroll: true });
    return next;
  };
  const count = selected ? selected[1] - selected[0] + 1 : 0;
  const tool = (label: string, title: string, act: () => void) => (
    <button type="button" className="lit-button" title={title} onClick={act}>
      {label}
    </button>
  );
  return (
    <>
      <span className="lit-visually-hidden" role="status">
        {span &&
          trans._n(
            '%1 segment selected. Press Tab for what you can do with it.',
            '%1 segments selected. Press Tab for what you can do with them.',
            count,
            count
          )}
      </span>
      {span && (
        <span
          ref={buttons}
          className="lit-selection"
          // Otherwise pressing the button would end the selection first.
          onMouseDown={event => event.preventDefault()}
          onKeyDown={event => {
            if (event.key === 'Escape') {
              event.stopPropagation(); // otherwise the panel clears the target
              leave();
            }
          }}
        >
          {tool(
            trans.__('Only the selection'),
            trans.__(
              'Map only the selection, so that shares are relative to it'
            ),
            () => {
              onRestrict(span);
              leave();
            }
          )}
          {trials && isOfPrompt(text, span) && (
            <>
              {tool(
                trans.__('Try without it'),
                trans.__(
                  'Run the prompt without the selection, and see both side by side'
                ),
                () => {
                  trials.onTry(span);
                  leave();
                }
              )}
              {tool(
                trans.__('Try with … instead'),
                trans.__(
                  'Run the prompt with another text in the selection’s place, and see both side by side'
                ),
                () => {
                  const opener = leave();
                  if (opener) {
                    trials.onInstead(span, opener);
                  }
                }
              )}
              {tool(
                trans.__('Mark'),
                trans.__(
                  'Mark the selection, to try the prompt without several parts at once'
                ),
                () => {
                  trials.onMark(span);
                  leave();
                }
              )}
            </>
          )}
        </span>
      )}
    </>
  );
}

/** Whether a span is in the prompt; in a conversation, in a single turn. */
function isOfPrompt(text: IText, [start, end]: TokenSpan): boolean {
  const turns = text.conversation.map(({ span }) => span);
  return turns.length > 0
    ? turns.some(([from, to]) => from <= start && end <= to)
    : end <= text.seam;
}

/** Indices of the first and the last selected segment, once the user has stopped dragging. */
function useSelection(
  root: React.RefObject<HTMLElement>
): readonly [number, number] | null {
  const [found, setFound] = useState<readonly [number, number] | null>(null);
  const isPressed = useRef(false);
  const look = useCallback(() => {
    const next = isPressed.current ? null : selectedIn(root.current);
    setFound(before =>
      before && next && before[0] === next[0] && before[1] === next[1]
        ? before
        : next
    );
  }, [root]);
  useEffect(() => {
    const press = (event: PointerEvent) => {
      isPressed.current =
        event.button === 0 &&
        root.current?.contains(event.target as Node) === true;
    };
    const release = () => {
      isPressed.current = false;
      // A press without a drag clears the selection only after this event.
      requestAnimationFrame(look);
    };
    document.addEventListener('selectionchange', look);
    document.addEventListener('pointerdown', press, true);
    document.addEventListener('pointerup', release, true);
    document.addEventListener('pointercancel', release, true);
    return () => {
      document.removeEventListener('selectionchange', look);
      document.removeEventListener('pointerdown', press, true);
      document.removeEventListener('pointerup', release, true);
      document.removeEventListener('pointercancel', release, true);
    };
  }, [root, look]);
  return found;
}

function selectedIn(
  textElement: HTMLElement | null
): readonly [number, number] | null {
  const selection = window.getSelection();
  if (
    !textElement ||
    !selection ||
    selection.isCollapsed ||
    !selection.rangeCount
  ) {
    return null;
  }
  return segmentsBetween(textElement, selection.getRangeAt(0));
}
