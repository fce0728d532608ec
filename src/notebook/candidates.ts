/** The texts of a cell that can be analysed, and which of them is meant. */
import type { IPlaceAsked } from './pointer';
import { stringOrigin } from './origin';
import type { Origin } from './origin';
import type { IFoundText } from './strings/types';
import type { TextKind } from '../session/source';

/** A text to pick. */
export interface ICandidate {
  readonly origin: Origin;
  readonly kind: TextKind;
  readonly value: string;
  readonly variable?: string;
  readonly problem?: string;
  /** Of a conversation: how many turns it has. */
  readonly turns?: number;
}

/** A cell's texts. */
export interface ICellTexts {
  readonly type: string;
  readonly found: readonly IFoundText[];
  /** Texts of its outputs; null for those that have none. */
  readonly outputs: readonly (string | null)[];
}

/** All texts that can be analysed: those of the source, then the outputs. */
export function candidatesOf({
  type,
  found,
  outputs
}: ICellTexts): ICandidate[] {
  const strings = found.map((text, index): ICandidate => ({
    origin: type === 'code' ? stringOrigin(found, index) : { what: 'cell' },
    kind: text.kind,
    value: text.value,
    variable: text.variable,
    problem: text.problem,
    turns: text.turns?.length
  }));
  const shown = outputs.map((text, index): ICandidate => ({
    origin: { what: 'output', index },
    kind: 'output',
    value: text ?? ''
  }));
  return [...strings, ...shown].filter(({ value }) => value.trim() !== '');
}

/**
 * The text that is meant; null when that has to be asked.
 *
 * A selection wins; then what is under the pointer or cursor, unless it is in a
 * conversation; then the only string; then the only output.
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
    const inner = around.sort((a, b) => lengthOf(a) - lengthOf(b))[0];
    if (inner !== undefined) {
      return inner;
    }
  }
  const strings = candidates.filter(({ kind }) => kind !== 'output');
  const likely = strings.length > 0 ? strings : candidates;
  return likely.length === 1 ? likely[0].origin : null;
}

function isConversation(origin: Origin): boolean {
  return origin.what === 'string' && origin.isConversation === true;
}

function lengthOf(origin: Origin): number {
  return 'span' in origin ? origin.span[1] - origin.span[0] : 0;
}
