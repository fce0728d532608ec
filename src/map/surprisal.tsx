/** Where the model hesitated: the surprisal of the answer's tokens. */
import React from 'react';

import type { AnswerToken, Token } from '../api';
import { usePanel } from '../components/context';
import { percent } from '../session/labels';
import type { IText } from '../session/runText';
import { textOf } from '../session/runText';
import { onOneLine, spell } from './certainty';

/** How many tokens are listed. */
const COUNT = 5;

/** The surprisal, in nats, of the strongest mark: a probability of 1%. */
const MAX_SURPRISAL = Math.log(100);

/** At a higher probability the model didn't hesitate. */
const SURE = 0.9;

/**
 * The strength of a token's mark, 0 to 1: its surprisal relative to that of a
 * probability of 1%.
 */
export function surprisalOf(token: Token | AnswerToken): number | null {
  if (!('logprob' in token) || token.logprob === null) {
    return null;
  }
  return Math.min(1, -token.logprob / MAX_SURPRISAL);
}

/** A token at which the model hesitated. */
export interface IHesitation {
  readonly index: number;
  readonly token: AnswerToken;
  readonly probability: number;
}

/** The tokens with the highest surprisal, the highest first. */
export function hesitations(
  tokens: readonly (Token | AnswerToken)[],
  count: number
): IHesitation[] {
  return tokens
    .flatMap((token, index) =>
      'logprob' in token && token.logprob !== null
        ? [{ index, token, probability: Math.exp(token.logprob) }]
        : []
    )
    .filter(({ probability }) => probability < SURE)
    .sort((a, b) => a.probability - b.probability || a.index - b.index)
    .slice(0, count);
}

/**
 * A segment's text with a mark below each token, thicker for a higher surprisal.
 *
 * @param lead - how many characters at the segment's beginning are hidden.
 * @param core - the text that is shown.
 */
export function Marked(props: {
  tokens: readonly (Token | AnswerToken)[];
  start: number;
  end: number;
  lead: number;
  core: string;
}): JSX.Element {
  const { tokens, start, end, lead, core } = props;
  const parts: React.ReactNode[] = [];
  let at = -lead;
  for (let i = start; i < end; i++) {
    const { length } = tokens[i].text;
    const text = core.slice(Math.max(0, at), Math.max(0, at + length));
    const surprisal = surprisalOf(tokens[i]);
    at += length;
    if (text === '') {
      continue;
    }
    parts.push(
      surprisal === null ? (
        text
      ) : (
        <span
          key={i}
          className="lit-surprisal"
          data-control={tokens[i].kind === 'control' || undefined}
          style={
            { '--lit-surprisal': surprisal.toFixed(3) } as React.CSSProperties
          }
        >
          {text}
        </span>
      )
    );
  }
  return <>{parts}</>;
}

/** The tokens with the highest surprisal, and their alternatives. */
export const Hesitations = React.memo(
  (props: {
    text: IText;
    /** Whether the answer is a forced one. */
    isForced: boolean;
    /** Make a token the target; absent until the answer is complete. */
    onPick: ((token: number) => void) | null;
  }): JSX.Element => {
    const { trans } = usePanel();
    const { text, isForced, onPick } = props;
    const rows = hesitations(text.tokens, COUNT);
    const name = isForced
      ? trans.__('What the model expected least')
      : trans.__('Where the model hesitated');
    return (
      <section className="lit-ranks lit-hesitations" aria-label={name}>
        <h3 className="lit-ranks-title">{name}</h3>
        {rows.length === 0 && (
          <p className="lit-hint">
            {trans.__(
              'Nowhere: each token had a probability of at least %1.',
              percent(SURE)
            )}
          </p>
        )}
        <ol aria-label={name}>
          {rows.map(({ index, token, probability }) => (
            <li key={index}>
              <button
                type="button"
                className="lit-ranks-row"
                disabled={onPick === null}
                title={trans.__('Explain this token')}
                onClick={() => onPick?.(index)}
              >
                <bdi className="lit-ranks-text">
                  <span className="lit-choice-before">
                    {contextOf(text, index)}
                  </span>{' '}
                  <strong>{spell(token.text, token.piece)}</strong>
                </bdi>
                <span className="lit-hesitations-else">
                  <Likeliest token={token} />
                </span>
                <span className="lit-ranks-share">{percent(probability)}</span>
              </button>
            </li>
          ))}
        </ol>
      </section>
    );
  }
);
Hesitations.displayName = 'Hesitations';

/** The most likely alternatives. */
function Likeliest({ token }: { token: AnswerToken }): JSX.Element | null {
  const { trans } = usePanel();
  const other = token.alternatives.find(({ id }) => id !== token.id);
  if (!other) {
    return null;
  }
  return (
    <>
      {trans.__(
        'or “%1” %2',
        spell(other.text, other.piece),
        percent(Math.exp(other.logprob))
      )}
    </>
  );
}

/** A few words before a token of the answer. */
function contextOf(text: IText, index: number): string {
  const before = textOf(text.tokens, [Math.max(text.seam, index - 5), index]);
  return onOneLine(before.trimStart());
}
