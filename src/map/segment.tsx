import React from 'react';

import type { Token } from '../api';
import type { TokenSpan } from '../salience';
import { textOf } from '../session/runText';
import { Marked } from './surprisal';

/** How many of the strongest segments show their rank. */
export const BADGES = 3;

const BREAK = /[\n\r\u2028\u2029]/;

/** A text whose first letter belongs to a right-to-left script. */
const RIGHT_TO_LEFT =
  /^[^\p{L}]*[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/** With a smaller weight, a sign would be noise. */
export const FAINT = 0.08;

/** How a segment relates to another text that it is compared with. */
export interface ISegmentMark {
  /** `only`: it has no counterpart there. */
  readonly kind?: 'changed' | 'only';
  /** Words that differ: spans in units of its text, in order and apart. */
  readonly words: readonly (readonly [start: number, end: number])[];
}

interface ISegmentProps {
  index: number;
  tokens: readonly Token[];
  start: number;
  end: number;
  weight: number;
  rank: number | null;
  share: number | null;
  isTarget: boolean;
  /** Whether the target's outline continues in the segment before, or after. */
  joinsBefore: boolean;
  joinsAfter: boolean;
  pickable: boolean;
  /** Whether to mark each token by its surprisal. */
  surprisal?: boolean;
  mark?: ISegmentMark;
  /** Whether it is marked for a trial; left out: it can't be. */
  marked?: boolean | 'mixed';
}

/**
 * A segment. Blanks around it and runs of line breaks have no shade; but those
 * between segments of the target are inside its one outline.
 */
export const Segment = React.memo((props: ISegmentProps): JSX.Element => {
  const { tokens, start, end, weight, rank, share, isTarget } = props;
  const content = textOf(tokens, [start, end]);
  const lead = content.slice(0, content.length - content.trimStart().length);
  const core = content.trim();
  const trail = content.slice(lead.length + core.length);
  const { joinsBefore, joinsAfter } = props;
  const hasBadge = rank !== null && rank <= BADGES && weight !== 0;
  return (
    <>
      {!joinsBefore && lead}
      <span
        className="lit-segment"
        role="button"
        tabIndex={-1}
        aria-pressed={props.pickable ? isTarget : props.marked}
        aria-disabled={!props.pickable && props.marked === undefined}
        data-segment={props.index}
        data-token={start}
        data-target={isTarget}
        data-joins={joins(joinsBefore, joinsAfter)}
        data-mark={props.mark?.kind}
        data-marked={props.marked || undefined}
        data-rank={rank ?? undefined}
        data-share={share === null ? undefined : share.toFixed(4)}
        data-sign={weight < -FAINT ? 'negative' : undefined}
        style={
          { '--lit-weight': Math.abs(weight).toFixed(3) } as React.CSSProperties
        }
      >
        {joinsBefore && lead}
        {props.mark && props.mark.words.length > 0 ? (
          withWords(core, props.mark.words, lead.length)
        ) : props.surprisal ? (
          <Marked
            tokens={tokens}
            start={start}
            end={end}
            lead={lead.length}
            core={core}
          />
        ) : (
          withControl(tokens, start, end, lead.length, core)
        )}
        {joinsAfter && trail}
      </span>
      {hasBadge && (
        // Its style adds it, so that copied text doesn't contain it.
        <span
          className="lit-badge"
          data-badge={rank}
          data-ends={BREAK.test(trail)}
          // It follows the text, on whichever side that is.
          dir={RIGHT_TO_LEFT.test(core) ? 'rtl' : undefined}
          aria-hidden
        />
      )}
      {!joinsAfter && trail}
    </>
  );
});
Segment.displayName = 'Segment';

/** Whether a span of tokens is part of the target. */
export function isWithin(
  span: TokenSpan | undefined,
  target: TokenSpan | null
): boolean {
  return (
    span !== undefined &&
    target !== null &&
    span[0] >= target[0] &&
    span[1] <= target[1]
  );
}

/** Whether segment `i` and the next are in the target, and on one line. */
export function isJoined(
  tokens: readonly Token[],
  spans: readonly TokenSpan[],
  i: number,
  target: TokenSpan | null
): boolean {
  if (!isWithin(spans[i], target) || !isWithin(spans[i + 1], target)) {
    return false;
  }
  const before = textOf(tokens, spans[i]);
  const after = textOf(tokens, spans[i + 1]);
  const blank =
    before.slice(before.trimEnd().length) +
    after.slice(0, after.length - after.trimStart().length);
  return !BREAK.test(blank);
}

/** On which sides the target's outline continues, for the style. */
function joins(before: boolean, after: boolean): string | undefined {
  return before ? (after ? 'both' : 'before') : after ? 'after' : undefined;
}

/** A segment's text, with chips for control tokens. */
function withControl(
  tokens: readonly Token[],
  start: number,
  end: number,
  lead: number,
  core: string
): React.ReactNode {
  const parts: React.ReactNode[] = [];
  let at = -lead;
  let plain = 0;
  for (let i = start; i < end; i++) {
    const length = tokens[i].text.length;
    if (tokens[i].kind === 'control') {
      parts.push(core.slice(plain, Math.max(plain, at)));
      parts.push(
        <span key={i} className="lit-control">
          {tokens[i].text}
        </span>
      );
      plain = at + length;
    }
    at += length;
  }
  parts.push(core.slice(plain));
  return parts;
}

/** A segment's text, with marks on the words that differ from another text. */
function withWords(
  core: string,
  words: ISegmentMark['words'],
  lead: number
): React.ReactNode {
  const parts: React.ReactNode[] = [];
  let plain = 0;
  for (const [start, end] of words) {
    const from = Math.max(plain, start - lead);
    const to = Math.min(core.length, end - lead);
    parts.push(core.slice(plain, from));
    parts.push(
      <span key={from} className="lit-word">
        {core.slice(from, to)}
      </span>
    );
    plain = Math.max(from, to);
  }
  parts.push(core.slice(plain));
  return parts;
}
