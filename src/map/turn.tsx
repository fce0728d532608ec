/** Turns of a conversation in the text: roles, and the folded tokens that mark them. */
import React from 'react';

import { usePanel } from '../components/context';
import { addedTurn, spelledOf } from '../salience';
import type { TokenSpan } from '../salience';
import { describeRole } from '../session/chat';
import type { IText } from '../session/runText';
import { BADGES, FAINT } from './segment';
import type { ISegmentMark } from './segment';

/**
 * The chat format's tokens at a place of the text, if any. They aren't text: they
 * can't be copied, and can't be a target.
 */
export function AddedTurn(props: {
  text: IText;
  span: TokenSpan;
  /** Whose text follows, where that is known; left out: what the tokens say. */
  role?: string;
  unfolded: boolean;
  onToggle: () => void;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { text, span, unfolded } = props;
  const added =
    props.role === undefined
      ? addedTurn(text.tokens, span)
      : { role: props.role, spelled: spelledOf(text.tokens, span) };
  if (!added) {
    return null;
  }
  const role = describeRole(added.role, trans);
  const count = span[1] - span[0];
  if (count === 0) {
    // Where the format has nothing between two turns.
    return (
      <span
        className="lit-turn"
        role="note"
        aria-label={role}
        data-role={role}
      />
    );
  }
  return (
    <button
      type="button"
      className="lit-turn"
      aria-expanded={unfolded}
      aria-label={
        unfolded
          ? trans.__('%1, added: %2', role, added.spelled)
          : trans.__('%1, added', role)
      }
      title={trans._n(
        'Added by the chat format: %2, %1 token. Its share is counted separately.',
        'Added by the chat format: %2, %1 tokens. Their share is counted separately.',
        count,
        spell(added.spelled)
      )}
      // Its style adds it, so that copied text doesn't contain it.
      data-role={role}
      data-spelled={unfolded ? spell(added.spelled) : undefined}
      onClick={props.onToggle}
    />
  );
}

/** What a {@link TurnSegment} shows. */
interface ITurnSegmentProps {
  index: number;
  /** Its first token. */
  start: number;
  content: string;
  /** The role, as it is written. */
  role: string;
  unfolded: boolean;
  weight: number;
  rank: number | null;
  share: number | null;
  mark?: ISegmentMark;
  /** Whether it is marked for a trial; left out: it can't be. */
  marked?: boolean | 'mixed';
}

/**
 * The beginning or end of a turn that the user wrote: a segment with a share, like
 * others, but folded behind the role.
 */
export const TurnSegment = React.memo(
  (props: ITurnSegmentProps): JSX.Element => {
    const { trans } = usePanel();
    const { content, unfolded, weight, rank, share } = props;
    const role = describeRole(props.role, trans);
    const label = unfolded
      ? trans.__('%1, written: %2', role, content.trim())
      : role;
    return (
      <span
        className="lit-segment"
        role="button"
        tabIndex={-1}
        // A click folds and unfolds it. The mark is part of its name, since a click doesn't change it.
        aria-expanded={unfolded}
        aria-label={
          props.marked === 'mixed'
            ? trans.__('%1, partly marked', label)
            : props.marked
              ? trans.__('%1, marked', label)
              : label
        }
        data-turn={props.role}
        data-role={role}
        data-segment={props.index}
        data-token={props.start}
        data-mark={props.mark?.kind}
        data-marked={props.marked || undefined}
        data-rank={rank ?? undefined}
        data-share={share === null ? undefined : share.toFixed(4)}
        data-sign={weight < -FAINT ? 'negative' : undefined}
        style={
          { '--lit-weight': Math.abs(weight).toFixed(3) } as React.CSSProperties
        }
      >
        <span className="lit-turn-text">{content}</span>
        {rank !== null && rank <= BADGES && weight !== 0 && (
          <span className="lit-badge" data-badge={rank} aria-hidden />
        )}
      </span>
    );
  }
);
TurnSegment.displayName = 'TurnSegment';

/** Line breaks and blanks, made visible. */
function spell(text: string): string {
  return text.replace(/\n/g, '⏎');
}
