/** Which text of a cell a prompt is, and finding it again after edits. */
import type { Span } from '../session/source';
import type { IFoundText } from './strings/types';

/** An edit of a source, as the shared model reports it. */
export type SourceDelta = readonly {
  readonly retain?: number;
  readonly insert?: string;
  readonly delete?: number;
}[];

/** One text of a cell. */
export type Origin =
  /** A string in its source. */
  | {
      readonly what: 'string';
      readonly span: Span;
      /** Its number among the cell's strings, and how many there are. */
      readonly ordinal: number;
      readonly total: number;
      readonly variable?: string;
      /** Whether it is a conversation, whose texts are strings of the cell, too. */
      readonly isConversation?: boolean;
      /** Whether it is composed of strings of the cell. */
      readonly isComposed?: boolean;
    }
  /** A selected stretch of its source. */
  | { readonly what: 'selection'; readonly span: Span }
  /** Its whole source: of markdown and raw cells. */
  | { readonly what: 'cell' }
  /** One of its outputs. */
  | { readonly what: 'output'; readonly index: number }
  /** A text that was selected in what it shows; it can't be found again. */
  | { readonly what: 'shown'; readonly text: string };

/** The origin of a string of a cell. */
export function stringOrigin(
  found: readonly IFoundText[],
  ordinal: number
): Origin {
  const { span, variable, kind } = found[ordinal];
  return {
    what: 'string',
    span,
    ordinal,
    total: found.length,
    variable,
    ...(kind === 'conversation' && { isConversation: true }),
    ...(kind === 'composed' && { isComposed: true })
  };
}

/** Where an origin lies after an edit of its cell's source. */
export function moveOrigin(origin: Origin, delta: SourceDelta): Origin {
  return 'span' in origin
    ? { ...origin, span: moveSpan(origin.span, delta) }
    : origin;
}

/**
 * The index of an origin's string among those found now; null when it is gone.
 *
 * The string that lies where it did; after its whole surroundings have been
 * replaced, as undo and collaborators may do, the one of the same variable, or
 * with the same number.
 */
export function findAgain(
  origin: Origin & { what: 'string' },
  found: readonly IFoundText[]
): number | null {
  let best = null as number | null;
  let most = 0;
  const isAlike = ({ kind }: IFoundText) =>
    (kind === 'conversation') === (origin.isConversation === true) &&
    (kind === 'composed') === (origin.isComposed === true);
  // Composed texts may lie in each other.
  const apart = ([from, to]: Span) =>
    Math.abs(from - origin.span[0]) + Math.abs(to - origin.span[1]);
  found.forEach((text, index) => {
    if (!isAlike(text)) {
      return;
    }
    const { span } = text;
    const from = Math.max(span[0], origin.span[0]);
    const common = Math.min(span[1], origin.span[1]) - from;
    const isNearer =
      best === null
        ? common > 0
        : common === most && common > 0
          ? apart(span) < apart(found[best].span) ||
            (index === origin.ordinal &&
              apart(span) === apart(found[best].span) &&
              found.length === origin.total)
          : common > most;
    if (isNearer) {
      best = index;
      most = common;
    }
  });
  if (best !== null || origin.span[0] < origin.span[1]) {
    return best;
  }
  const named = found.flatMap((text, index) =>
    text.variable !== undefined &&
    text.variable === origin.variable &&
    isAlike(text)
      ? [index]
      : []
  );
  return named.length === 1
    ? named[0]
    : found.length === origin.total
      ? origin.ordinal
      : null;
}

/** A span after an edit; what is inserted at its ends stays outside. */
function moveSpan([start, end]: Span, delta: SourceDelta): Span {
  let at = 0;
  let from = start;
  let to = end;
  for (const { retain, insert, delete: removed } of delta) {
    if (retain !== undefined) {
      at += retain;
    } else if (insert !== undefined) {
      from = at <= from ? from + insert.length : from;
      to = at < to ? to + insert.length : to;
      at += insert.length;
    } else if (removed !== undefined) {
      from = at < from ? Math.max(at, from - removed) : from;
      to = at < to ? Math.max(at, to - removed) : to;
    }
    // An empty span stays empty.
    to = Math.max(from, to);
  }
  return [from, to];
}
