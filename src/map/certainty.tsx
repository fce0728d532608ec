/** How certain the model was of its answer. */
import React from 'react';

import type { AnswerToken, Token } from '../api';
import { usePanel } from '../components/context';
import { percent } from '../session/labels';

/** A row of a token's table. */
export interface IRow {
  readonly text: string;
  readonly probability: number;
  readonly isChosen: boolean;
}

/**
 * The tokens that the model considered, most likely first. They always include the
 * answer's token.
 */
export function rowsOf(token: AnswerToken): IRow[] {
  const { id, logprob, alternatives } = token;
  const rows = alternatives.map(one => ({
    text: spell(one.text, one.piece),
    probability: Math.exp(one.logprob),
    isChosen: one.id === id
  }));
  if (logprob !== null && !rows.some(row => row.isChosen)) {
    rows.push({
      text: spell(token.text, token.piece),
      probability: Math.exp(logprob),
      isChosen: true
    });
  }
  return rows;
}

/**
 * The mean and the lowest probability of tokens; null if none is known. The mean is
 * geometric, as for effects.
 */
export function certaintyOf(
  tokens: readonly (Token | AnswerToken)[]
): { mean: number; lowest: number; at: string } | null {
  const known = tokens.flatMap(token =>
    'logprob' in token && token.logprob !== null
      ? [{ token, logprob: token.logprob }]
      : []
  );
  if (known.length === 0) {
    return null;
  }
  const sum = known.reduce((total, one) => total + one.logprob, 0);
  const least = known.reduce((a, b) => (b.logprob < a.logprob ? b : a));
  return {
    mean: Math.exp(sum / known.length),
    lowest: Math.exp(least.logprob),
    at: spell(least.token.text, least.token.piece)
  };
}

/**
 * A token with visible signs for its line breaks.
 *
 * @param isWhole - whether to show the blanks around it, too.
 */
export function spell(text: string, piece: string, isWhole = false): string {
  const seen = (text === '' ? piece : text).replace(/[\n\r]/g, '⏎');
  return isWhole ? seen.replace(/\s/g, '␣') : seen.trim() || '␣';
}

/** A text with visible signs for blanks that break its line. */
export function onOneLine(text: string): string {
  return text.replace(/\s+/g, blank => (blank.includes('\n') ? ' ⏎ ' : blank));
}

/** A token's probability and alternatives, or a segment's probability in one line. */
export function Certainty(props: {
  tokens: readonly (Token | AnswerToken)[];
}): JSX.Element | null {
  const { trans } = usePanel();
  const { tokens } = props;
  const certainty = certaintyOf(tokens);
  if (!certainty) {
    return null;
  }
  const [token] = tokens;
  if (tokens.length === 1 && 'alternatives' in token) {
    return <Alternatives token={token} />;
  }
  return (
    <div className="lit-certainty">
      {tokens.length === 1
        ? trans.__('probability %1', percent(certainty.mean))
        : trans.__(
            'probability of its tokens: %1 on average, lowest %2 (“%3”)',
            percent(certainty.mean),
            percent(certainty.lowest),
            certainty.at
          )}
    </div>
  );
}

function Alternatives({ token }: { token: AnswerToken }): JSX.Element {
  const { trans } = usePanel();
  const rows = rowsOf(token);
  return (
    <table className="lit-alternatives">
      <caption>
        {trans.__('probability %1', percent(Math.exp(token.logprob ?? 0)))}
      </caption>
      <tbody>
        {rows.map((row, i) => (
          <tr key={i} data-chosen={row.isChosen}>
            <th scope="row">
              <bdi>{row.text}</bdi>
              {row.isChosen && (
                <span className="lit-visually-hidden">
                  {trans.__('(said)')}
                </span>
              )}
            </th>
            <td>{percent(row.probability)}</td>
            <td aria-hidden>
              <span
                className="lit-alternatives-bar"
                style={{ width: `${(row.probability * 100).toFixed(1)}%` }}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
