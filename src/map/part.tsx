import React from 'react';

import { usePanel } from '../components/context';
import { segment } from '../salience';
import type { TokenSpan } from '../salience';
import type { IText } from '../session/runText';
import { textOf } from '../session/runText';
import type { Session } from '../session/session';

/** How many characters of a part its name shows. */
const SHOWN = 40;

/** The part of the text that the map covers: a section, or a selection. */
export function Part(props: { session: Session; text: IText }): JSX.Element {
  const { trans } = usePanel();
  const { session, text } = props;
  const { within } = session.explanation;
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
            session.explanation.restrict(
              event.target.value ? [start, end] : null
            );
          }}
          onKeyDown={event => {
            // Escape closes the open list; elsewhere it clears the target.
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
                  : trans.__('paragraph: %1', nameOf(text, span))}
            </option>
          ))}
          {!isListed && within && (
            <option value={value}>
              {trans.__('selected: %1', nameOf(text, within))}
            </option>
          )}
        </select>
      </label>
    </div>
  );
}

interface ISection {
  readonly kind: 'prompt' | 'answer' | 'paragraph';
  readonly span: TokenSpan;
}

/** Prompt, answer, and the prompt's paragraphs if it has several. */
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

function nameOf(text: IText, span: TokenSpan): string {
  const content = textOf(text.tokens, span).trim().replace(/\s+/g, ' ');
  return content.length > SHOWN ? `${content.slice(0, SHOWN)}…` : content;
}

function keyOf([start, end]: TokenSpan): string {
  return `${start}:${end}`;
}
