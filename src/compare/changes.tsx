import React from 'react';

import { usePanel } from '../components/context';
import { textOf } from '../session/runText';
import type { IText } from '../session/runText';
import type { Comparison } from './comparison';
import type { ISentenceChange } from './segments';
import { differentWords } from './words';
import type { TextSpan } from './words';

/** The most changes that are listed; the texts show the others too. */
const MAX_LISTED = 200;

/** The sentences that differ, in order: prompt, then answer. */
export function Changes(props: {
  comparison: Comparison;
  onShow: (change: ISentenceChange) => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { comparison, onShow } = props;
  const left = comparison.sides.left.explanation.text;
  const right = comparison.sides.right.explanation.text;
  const prompt = comparison.overlays.differences('prompt');
  const answer = comparison.overlays.differences('answer');
  const changes = [...(prompt?.changes ?? []), ...(answer?.changes ?? [])];
  if (!left || !right || changes.length === 0) {
    return null;
  }
  return (
    <section className="lit-compare-dock">
      <h3 className="lit-ranks-title">{trans.__('What is different')}</h3>
      <ol aria-label={trans.__('What is different')}>
        {changes.slice(0, MAX_LISTED).map((change, i) => (
          <li key={i}>
            <Change
              change={change}
              left={left}
              right={right}
              onClick={() => onShow(change)}
            />
          </li>
        ))}
      </ol>
      {changes.length > MAX_LISTED && (
        <p className="lit-hint">
          {trans._n(
            'and %1 more',
            'and %1 more',
            changes.length - MAX_LISTED,
            changes.length - MAX_LISTED
          )}
        </p>
      )}
    </section>
  );
}

function Change(props: {
  change: ISentenceChange;
  left: IText;
  right: IText;
  onClick: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { change, left, right, onClick } = props;
  const { part, kind } = change;
  const a = change.left ? textOf(left.tokens, change.left) : '';
  const b = change.right ? textOf(right.tokens, change.right) : '';
  const words =
    kind === 'changed' ? differentWords(a, b) : { left: [], right: [] };
  const said = {
    changed: trans.__('changed'),
    removed: trans.__('only in A'),
    added: trans.__('only in B')
  }[kind];
  return (
    <button
      type="button"
      className="lit-ranks-row lit-change"
      title={trans.__('Show it in the texts')}
      onClick={onClick}
    >
      <span className="lit-change-part">
        {part === 'prompt' ? trans.__('prompt') : trans.__('answer')}
      </span>
      <span className="lit-change-kind">
        {kind === 'changed' && <span aria-hidden>≠ </span>}
        {said}
      </span>
      <span className="lit-change-texts">
        {change.left && (
          <span className="lit-change-text" data-side="left">
            <Words text={a} words={words.left} />
          </span>
        )}
        {change.right && (
          <span className="lit-change-text" data-side="right">
            <Words text={b} words={words.right} />
          </span>
        )}
      </span>
    </button>
  );
}

/** A text with marks on some of its words. */
function Words(props: {
  text: string;
  words: readonly TextSpan[];
}): JSX.Element {
  const { text, words } = props;
  const parts: React.ReactNode[] = [];
  let at = text.length - text.trimStart().length;
  for (const [start, end] of words) {
    parts.push(text.slice(at, start));
    parts.push(
      <span key={start} className="lit-word">
        {text.slice(start, end)}
      </span>
    );
    at = end;
  }
  parts.push(text.slice(at).trimEnd());
  return <bdi>{parts}</bdi>;
}
