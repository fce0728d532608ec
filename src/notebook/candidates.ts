/** The texts of a cell that can be analysed, and which of them is meant. */
import { onlyPrompt } from './arrange';
import type { IPlaceAsked } from './pointer';
import { stringOrigin } from './origin';
import type { Origin } from './origin';
import type { IFoundText, Standing } from './strings/types';
import type { ITurnSpan, Span, TextKind } from '../session/source';

/** A text to pick. */
export interface ICandidate {
  readonly origin: Origin;
  readonly kind: TextKind;
  readonly value: string;
  readonly variable?: string;
  readonly problem?: string;
  /** Of a conversation: where its turns are in it. */
  readonly turns?: readonly ITurnSpan[];
  /** Its value with each field as one letter, whatever its expression. */
  readonly words: string;
  readonly standing?: Standing;
  /** The line of the cell's source that it begins in, from 1; absent: it is an output. */
  readonly line?: number;
  /** Of a composed text: the code and the literals that it is made of. */
  readonly parts?: readonly Span[];
  /** Whether it is a literal that is part of a composed text. */
  readonly isPart?: boolean;
}

/** A cell's texts. */
export interface ICellTexts {
  readonly type: string;
  readonly source: string;
  readonly found: readonly IFoundText[];
  /** Texts of its outputs; null for those that have none. */
  readonly outputs: readonly (string | null)[];
}

/** All texts that can be analysed: those of the source, then the outputs. */
export function candidatesOf({
  type,
  source,
  found,
  outputs
}: ICellTexts): ICandidate[] {
  const lineAt = lineCounter(source);
  const strings = found.map((text, index): ICandidate => ({
    origin: type === 'code' ? stringOrigin(found, index) : { what: 'cell' },
    kind: text.kind,
    value: text.value,
    variable: text.variable,
    problem: text.problem,
    turns: text.turns,
    words: withoutFields(text),
    standing: text.standing,
    line: lineAt(text.span[0]),
    parts: text.parts
  }));
  const shown = outputs.map((text, index): ICandidate => ({
    origin: { what: 'output', index },
    kind: 'output',
    value: text ?? '',
    words: text ?? ''
  }));
  const all = [...strings, ...shown].filter(({ value }) => value.trim() !== '');
  return all.map(one => (isPart(one, all) ? { ...one, isPart: true } : one));
}

/**
 * The text that is meant; null if the user has to choose. A selection comes
 * first; then what is under the pointer or cursor, unless it is in a
 * conversation; then the only string, or the only one that may be a prompt;
 * then the only output. A literal that is part of a composed text stands for
 * that text.
 */
export function meant(
  asked: Pick<IPlaceAsked, 'offset' | 'output' | 'selection' | 'selected'>,
  texts: ICellTexts,
  candidates: readonly ICandidate[]
): Origin | null {
  const { offset, output, selection, selected } = asked;
  if (selection !== null) {
    return { what: 'selection', span: selection };
  }
  if (selected !== null) {
    return { what: 'shown', text: selected };
  }
  if (output !== null) {
    const there = candidates.find(
      ({ origin }) => origin.what === 'output' && origin.index === output
    );
    if (there !== undefined) {
      return there.origin;
    }
  }
  if (offset !== null && texts.type === 'code') {
    const around = candidates
      .map(({ origin }) => origin)
      .filter(
        origin =>
          origin.what === 'string' &&
          origin.span[0] <= offset &&
          offset <= origin.span[1]
      );
    if (around.some(isConversation)) {
      return null; // All of it may be meant, or one of its texts.
    }
    const composed = composedAt(offset, candidates);
    if (composed.length > 0) {
      return composed.length === 1 ? composed[0].origin : null;
    }
    const inner = around.sort((a, b) => lengthOf(a) - lengthOf(b))[0];
    if (inner !== undefined) {
      return inner;
    }
  }
  const strings = candidates.filter(
    ({ kind, isPart: isInner }) => kind !== 'output' && !isInner
  );
  const likely = strings.length > 0 ? strings : candidates;
  return onlyPrompt(likely)?.origin ?? null;
}

/** A function that gives the line, from 1, of an offset in a source. */
function lineCounter(source: string): (offset: number) => number {
  const ends = Array.from(
    source.matchAll(/\r\n|\r|\n/g),
    ({ index, 0: all }) => index + all.length
  );
  return offset => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] <= offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low + 1;
  };
}

function withoutFields({ value, fields }: IFoundText): string {
  let words = '';
  let at = 0;
  for (const { value: span } of fields) {
    words += `${value.slice(at, span[0])}x`;
    at = span[1];
  }
  return words + value.slice(at);
}

/** The composed texts that a place belongs to, of those in each other the outer. */
function composedAt(
  offset: number,
  candidates: readonly ICandidate[]
): ICandidate[] {
  const around = candidates.filter(({ parts = [] }) =>
    parts.some(([from, to]) => from <= offset && offset <= to)
  );
  return around.filter(
    (one, index) =>
      !around.some(
        (other, at) =>
          at !== index &&
          isIn(one, other) &&
          // Of those that the same code makes, the first, which is the longest.
          (at < index || !isIn(other, one))
      )
  );
}

/** Whether a composed text is made of the code that another is made of. */
function isIn({ parts = [] }: ICandidate, other: ICandidate): boolean {
  return parts.every(([from, to]) =>
    (other.parts ?? []).some(part => part[0] <= from && to <= part[1])
  );
}

/** Whether a text is a literal that is part of a composed one. */
function isPart(
  { origin, parts }: ICandidate,
  candidates: readonly ICandidate[]
): boolean {
  if (
    origin.what !== 'string' ||
    origin.isConversation === true ||
    parts !== undefined
  ) {
    return false;
  }
  const [from, to] = origin.span;
  return candidates.some(({ parts: others = [] }) =>
    // A literal's text lies between its quotes.
    others.some(part => from <= part[1] && part[0] <= to)
  );
}

function isConversation(origin: Origin): boolean {
  return origin.what === 'string' && origin.isConversation === true;
}

function lengthOf(origin: Origin): number {
  return 'span' in origin ? origin.span[1] - origin.span[0] : 0;
}
