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

/**
 * The buttons below a selection, which map only the selected part or try the prompt
 * without it. They lie over the text, so that nothing moves while the user drags.
 * A selection consists of whole segments. On the keyboard, Shift and the arrow keys
 * select, and Tab reaches the buttons.
 */
export function SelectionOverlay(props: {
  root: React.RefObject<HTMLDivElement>;
  text: IText;
  /** Whether to offer mapping only the selection. */
  isOffered: boolean;
  onRestrict: (within: TokenSpan) => void;
  /** Run the prompt without a part of it; null if that isn't possible now. */
  onTry: ((span: TokenSpan) => void) | null;
}): JSX.Element {
  const { trans } = usePanel();
  const { root, text, isOffered, onRestrict, onTry } = props;
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
    // Otherwise the focus would move to the beginning of the page.
    root.current
      ?.querySelector<HTMLElement>('[data-segment][tabindex="0"]')
      ?.focus({ preventScroll: true });
  };
  const count = selected ? selected[1] - selected[0] + 1 : 0;
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
          <button
            type="button"
            className="lit-button"
            title={trans.__(
              'Map only the selection, so that shares are relative to it'
            )}
            onClick={() => {
              onRestrict(span);
              leave();
            }}
          >
            {trans.__('Only the selection')}
          </button>
          {onTry && isOfPrompt(text, span) && (
            <button
              type="button"
              className="lit-button"
              title={trans.__(
                'Run the prompt without the selection, and compare both answers'
              )}
              onClick={() => {
                onTry(span);
                leave();
              }}
            >
              {trans.__('Try without it')}
            </button>
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
