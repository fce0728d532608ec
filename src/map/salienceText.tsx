import React, { useCallback, useEffect, useRef, useState } from 'react';

import { usePanel } from '../components/context';
import { templateEnds } from '../salience';
import type { TokenSpan } from '../salience';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { isSigned } from '../session/map';
import { Conversation } from './conversation';
import { Part } from './salienceTextPart';
import type { ISegmentMark } from './segment';
import { selectBetween } from './selected';
import { Answer } from './thought';
import { Tooltip } from './tooltip';
import { AddedTurn } from './turn';

/** The properties of {@link SalienceText}. */
export interface ISalienceTextProps {
  text: IText;
  map: IShownMap | null;
  target: TokenSpan | null;
  /** Whether a click can explain the answer now. */
  ready: boolean;
  /** Whether the answer is in progress. */
  answering: boolean;
  underline: boolean;
  /** Whether to mark each token of the answer by its surprisal. */
  surprisal?: boolean;
  /** Whether the answer is a forced one. */
  forcedAnswer?: boolean;
  /** Whether lines are closer together. */
  compact?: boolean;
  /** Whether to hide control tokens. */
  hideTemplate?: boolean;
  /** Whether to hide ranks, because the segments are so short that ranks would split words. */
  fine: boolean;
  /** Whether the prompt has its own heading; left out for yes. */
  hasPromptHead?: boolean;
  /** Facts about the answer, next to its heading. */
  facts?: React.ReactNode;
  /** Make the segment that contains a token the target. */
  onPick: (token: number, extend: boolean) => void;
  /** How each segment relates to another text in a comparison. */
  marks?: readonly ISegmentMark[] | null;
  /** The parts of the prompt that are marked for a trial; left out: none can be. */
  marked?: readonly TokenSpan[];
  /** Returns a segment's tooltip; empty for the usual one. */
  describe?: (index: number) => string;
  /** Elements that lie over the text and receive its events. */
  overlay?: (root: React.RefObject<HTMLDivElement>) => React.ReactNode;
}

/**
 * Prompt and answer as one continuous text of segments.
 *
 * The text is one tab stop. Arrow keys move between segments, and select with Shift. Enter
 * makes a segment of the answer the target, and Shift+Enter extends the target. Escape,
 * anywhere in the panel, clears it. Only the DOM knows which segment has the focus, so moving
 * the focus redraws nothing.
 */
export const SalienceText = React.memo(
  (props: ISalienceTextProps): JSX.Element => {
    const { trans } = usePanel();
    const { text, map, target, ready } = props;
    const root = useRef<HTMLDivElement>(null);
    const latest = useRef(props);
    latest.current = props;
    /** Where a selection with the keyboard started. */
    const anchor = useRef<HTMLElement | null>(null);

    // Tab reaches exactly one segment: the one that last had the focus.
    useEffect(() => {
      // Use selectors, because testing each of thousands of segments is slow.
      const find = (which: string) =>
        root.current?.querySelector<HTMLElement>(`[data-segment]${which}`);
      if (!find('[tabindex="0"]')) {
        const first = find('[data-target="true"]') ?? find('');
        if (first) {
          first.tabIndex = 0;
        }
      }
    });

    // Fold and unfold all turns together.
    const [unfolded, setUnfolded] = useState(false);
    const onToggle = useCallback(() => setUnfolded(is => !is), []);

    const pickSegment = useCallback((element: HTMLElement, extend: boolean) => {
      if (element.dataset.turn !== undefined) {
        setUnfolded(is => !is);
        return;
      }
      latest.current.onPick(Number(element.dataset.token), extend);
    }, []);

    const onClick = (event: React.MouseEvent) => {
      const element = segmentAt(event.target);
      // The user is selecting text to copy.
      if (!element || (!event.shiftKey && isSelecting(root.current))) {
        return;
      }
      visit(root.current, element, false);
      pickSegment(element, event.shiftKey);
    };

    const onKeyDown = (event: React.KeyboardEvent) => {
      const element = segmentAt(event.target);
      const all = segmentsIn(root.current);
      const at = element ? all.indexOf(element) : -1;
      const to = destination(event.key, at, all.length);
      const modified = event.ctrlKey || event.metaKey || event.altKey;
      if (modified || !element) {
        return;
      }
      if (to !== null) {
        event.preventDefault();
        visit(root.current, all[to], true);
        if (event.shiftKey) {
          anchor.current = isSelecting(root.current) ? anchor.current : element;
          selectBetween(anchor.current ?? element, all[to]);
        } else if (isSelecting(root.current)) {
          window.getSelection()?.removeAllRanges();
        }
      } else if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        pickSegment(element, event.shiftKey);
      }
    };

    const marks = props.marks ?? null;
    const shared = { tokens: text.tokens, map, target, marks };
    const [before, behind] = templateEnds(text.tokens, text.seam);
    const added = { text, unfolded, onToggle };
    const answerName = props.forcedAnswer
      ? trans.__('Forced answer')
      : trans.__('Answer');
    return (
      <div className="lit-text-frame">
        <div
          ref={root}
          className="lit-text"
          data-emphasis={props.underline ? 'underline' : 'shade'}
          data-fine={props.fine}
          data-signed={map !== null && isSigned(map)}
          data-ready={ready}
          data-forced={props.forcedAnswer}
          data-density={props.compact ? 'compact' : 'comfortable'}
          data-template={props.hideTemplate ? 'hidden' : 'shown'}
          onClick={onClick}
          onMouseDown={event => {
            if (event.shiftKey && segmentAt(event.target)) {
              event.preventDefault(); // otherwise Shift selects text
            }
          }}
          onKeyDown={onKeyDown}
        >
          <div className="lit-zone" data-zone="prompt">
            {(props.hasPromptHead ?? true) && (
              <ZoneHead name={trans.__('Prompt')} />
            )}
            {text.conversation.length > 0 ? (
              <Conversation {...shared} {...added} marked={props.marked} />
            ) : (
              <>
                <AddedTurn {...added} span={before} />
                <Part
                  {...shared}
                  turns={text.turns}
                  unfolded={unfolded}
                  label={trans.__('Prompt')}
                  spans={text.prompt}
                  from={0}
                  to={text.seam}
                  first={0}
                  pickable={false}
                  marked={props.marked}
                />
              </>
            )}
          </div>
          <div className="lit-zone" data-zone="answer">
            <ZoneHead name={answerName}>{props.facts}</ZoneHead>
            <AddedTurn {...added} span={behind} />
            <Answer
              {...shared}
              text={text}
              label={answerName}
              surprisal={props.surprisal}
              pickable={ready}
            />
            {props.answering && <span className="lit-caret" aria-hidden />}
          </div>
        </div>
        <Tooltip
          root={root}
          text={text}
          map={map}
          target={target}
          ready={ready}
          describe={props.describe}
        />
        {props.overlay?.(root)}
      </div>
    );
  }
);
SalienceText.displayName = 'SalienceText';

/** The heading of a part, which names its author. */
function ZoneHead(props: {
  name: string;
  children?: React.ReactNode;
}): JSX.Element {
  return (
    <div className="lit-zone-head">
      <h3>{props.name}</h3>
      {props.children}
    </div>
  );
}

/** Whether text is selected in an element. */
function isSelecting(root: HTMLElement | null): boolean {
  const selection = window.getSelection();
  return (
    selection !== null &&
    !selection.isCollapsed &&
    root?.contains(selection.anchorNode) === true
  );
}

function segmentAt(target: EventTarget): HTMLElement | null {
  return target instanceof Element
    ? target.closest<HTMLElement>('[data-segment]')
    : null;
}

function segmentsIn(root: HTMLElement | null): HTMLElement[] {
  return [...(root?.querySelectorAll<HTMLElement>('[data-segment]') ?? [])];
}

/** Make an element the tab stop. */
function visit(
  root: HTMLElement | null,
  element: HTMLElement,
  focus: boolean
): void {
  root
    ?.querySelectorAll<HTMLElement>('[data-segment][tabindex="0"]')
    .forEach(other => {
      other.tabIndex = -1;
    });
  element.tabIndex = 0;
  if (focus) {
    element.focus();
  }
}

/** The index of the segment that a key moves the focus to, or null. */
function destination(key: string, at: number, count: number): number | null {
  switch (key) {
    case 'ArrowRight':
    case 'ArrowDown':
      return Math.min(at + 1, count - 1);
    case 'ArrowLeft':
    case 'ArrowUp':
      return Math.max(at - 1, 0);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}
