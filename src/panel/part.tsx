import React, { useEffect, useState } from 'react';

import { segment } from '../salience';
import type { TokenSpan } from '../salience';
import type { IText } from '../session/map';
import { textOf } from '../session/map';
import type { Session } from '../session/session';
import { usePanel } from './context';

/** Characters of a part that its name shows. */
const SHOWN = 40;

/** Of which part of the text the map is: a section, or what was selected. */
export function Part(props: {
  session: Session;
  text: IText;
  root: React.RefObject<HTMLElement>;
}): JSX.Element {
  const { trans } = usePanel();
  const { session, text, root } = props;
  const { within } = session;
  const selection = useSelection(root, text);
  const sections = sectionsOf(text);
  const value = within ? keyOf(within) : '';
  const isListed =
    value === '' || sections.some(({ span }) => keyOf(span) === value);
  return (
    <div className="lit-within">
      <label className="lit-method-choice">
        <span className="lit-method-label">{trans.__('Map of')}</span>
        <select
          value={value}
          onChange={event => {
            const [start, end] = event.target.value.split(':').map(Number);
            session.restrict(event.target.value ? [start, end] : null);
          }}
          onKeyDown={event => {
            // Escape is for the open list; elsewhere it clears the target.
            if (event.key === 'Escape') {
              event.stopPropagation();
            }
          }}
        >
          <option value="">{trans.__('all of the text')}</option>
          {sections.map(({ span, kind }) => (
            <option key={`${kind}${keyOf(span)}`} value={keyOf(span)}>
              {kind === 'prompt'
                ? trans.__('the prompt only')
                : kind === 'answer'
                  ? trans.__('the answer only')
                  : `¶ ${nameOf(text, span)}`}
            </option>
          ))}
          {!isListed && within && (
            <option value={value}>
              {trans.__('selected: %1', nameOf(text, within))}
            </option>
          )}
        </select>
      </label>
      {selection && (
        <button
          type="button"
          className="lit-button"
          title={trans.__('Shares are then parts of what is selected')}
          // A click elsewhere would end the selection first.
          onMouseDown={event => event.preventDefault()}
          onClick={() => {
            session.restrict(selection);
            window.getSelection()?.removeAllRanges();
          }}
        >
          {trans.__('Only the selection')}
        </button>
      )}
    </div>
  );
}

interface ISection {
  readonly kind: 'prompt' | 'answer' | 'paragraph';
  readonly span: TokenSpan;
}

/** Prompt, answer, and the prompt's paragraphs where it has several. */
function sectionsOf(text: IText): ISection[] {
  const paragraphs = segment(
    text.tokens.slice(0, text.seam),
    text.seam,
    'paragraphs'
  ).map((span): ISection => ({ kind: 'paragraph', span }));
  return [
    { kind: 'prompt', span: [0, text.seam] },
    { kind: 'answer', span: [text.seam, text.tokens.length] },
    ...(paragraphs.length > 1 ? paragraphs : [])
  ];
}

/** The tokens of the segments that are selected in the text, if any are. */
function useSelection(
  root: React.RefObject<HTMLElement>,
  text: IText
): TokenSpan | null {
  const [found, setFound] = useState<TokenSpan | null>(null);
  useEffect(() => {
    const look = () => {
      const next = selectedIn(root.current, text);
      setFound(before =>
        before && next && keyOf(before) === keyOf(next) ? before : next
      );
    };
    document.addEventListener('selectionchange', look);
    return () => document.removeEventListener('selectionchange', look);
  }, [root, text]);
  return found;
}

function selectedIn(root: HTMLElement | null, text: IText): TokenSpan | null {
  const selection = window.getSelection();
  const flow = root?.querySelector('.lit-flow');
  if (!flow || !selection || selection.isCollapsed || !selection.rangeCount) {
    return null;
  }
  const range = selection.getRangeAt(0);
  if (!flow.contains(range.commonAncestorContainer)) {
    return null;
  }
  const indices = [...flow.querySelectorAll<HTMLElement>('[data-segment]')]
    .filter(element => range.intersectsNode(element))
    .map(element => Number(element.dataset.segment));
  const first = text.segments[indices[0]];
  const last = text.segments[indices[indices.length - 1]];
  return first && last ? [first[0], last[1]] : null;
}

function nameOf(text: IText, span: TokenSpan): string {
  const content = textOf(text.tokens, span).trim().replace(/\s+/g, ' ');
  return content.length > SHOWN ? `${content.slice(0, SHOWN)}…` : content;
}

function keyOf([start, end]: TokenSpan): string {
  return `${start}:${end}`;
}
