/**
 * Leaves code whose evaluation takes too much: what it may have done, and may
 * do later.
 */
import type { SyntaxNode } from '@lezer/common';

import type { Work } from '../strings/pieces';
import { visiting } from '../strings/visit';
import { TooMuch } from './budget';
import { maySpellWild } from './effects';
import type { ICode, Machine } from './machine';
import type { IFunctionValue, IWhy } from './value';

/**
 * Limits on searching functions for their effects, in UTF-16 units, and on
 * words that may begin one.
 */
const MAX_UNITS = 40_000;
const MAX_WORDS = 1_000;

/** Words in code that may run later. */
const LATER = /\b(?:def|for|lambda)\b/g;

/**
 * Whether an error says that work took too much, or exceeded the engine's
 * stack.
 */
export function isTooMuch(error: unknown): boolean {
  return (
    error instanceof TooMuch ||
    error instanceof RangeError ||
    (error instanceof Error && error.name === 'InternalError')
  );
}

/** Whether a function is another one, or defined in it. */
export function isInside(
  inner: IFunctionValue,
  outer: IFunctionValue
): boolean {
  const { node, cell } = inner;
  return (
    cell === outer.cell &&
    node.from >= outer.node.from &&
    node.to <= outer.node.to
  );
}

/**
 * Leave code: no name is known any more, any function may have been called, and
 * those that the code defines may be called later.
 */
export function* leave(m: Machine, code: ICode, node: SyntaxNode): Work<void> {
  m.enter(code);
  const place = m.place(node.from);
  const why = { cause: 'limit', place } as const;
  m.leave(node, place);
  m.isWild ||= maySpellWild(code.source.slice(node.from, node.to));
  const known: ILater[] = [];
  // The effects of a function include those of functions in it.
  let outer: IFunctionValue | null = null;
  for (const { value, code: own } of m.functions.values()) {
    if (outer !== null && isInside(value, outer)) {
      m.escaped.add(value.key);
    } else if (!m.escaped.has(value.key)) {
      outer = value;
      known.push({ node: value.node, source: own.source, value });
    }
  }
  const later = yield* laterIn(node, code.source);
  const isNew = (part: ILater) =>
    !m.functions.has(`${code.cell}:${part.node.from}`);
  const all = [...known, ...(later ?? []).filter(isNew)];
  const units = all.reduce((sum, part) => sum + unitsOf(part), 0);
  if (later === null || units > MAX_UNITS) {
    m.stickAll(why);
  }
  yield;
  m.uncounted(() => m.forget('limit', place));
  let count = 0;
  for (const part of m.isStuck ? [] : all) {
    m.uncounted(() => expose(m, part, why));
    count += unitsOf(part);
    if (count > MAX_UNITS / 10) {
      count = 0;
      yield;
    }
  }
}

/** Leave a cell that couldn't be read. */
export function leaveUnread(m: Machine): void {
  const place = m.place(0);
  m.forget('limit', place);
  m.isWild ||= maySpellWild(m.code.source);
  if (m.code.source.search(LATER) !== -1) {
    m.stickAll({ cause: 'limit', place });
  }
}

/** Code that may run later, and the function that was made of it, if any. */
interface ILater {
  readonly node: SyntaxNode;
  readonly source: string;
  readonly value?: IFunctionValue;
}

function unitsOf({ node }: ILater): number {
  return node.to - node.from;
}

function expose(m: Machine, part: ILater, why: IWhy): void {
  if (part.value) {
    m.lose(part.value, why);
  } else {
    m.expose(part.node, part.source, m.memory.module, why);
  }
}

/**
 * Functions, lambdas and generators; the arguments of a call may be a
 * generator.
 */
const PARTS =
  /^(FunctionDefinition|LambdaExpression|ComprehensionExpression|ArgList)$/;

/**
 * The functions, lambdas and generators in code, without those inside of them;
 * null if there may be too many.
 */
function* laterIn(node: SyntaxNode, source: string): Work<ILater[] | null> {
  const words = wordsIn(node, source);
  if (words === null) {
    return null;
  }
  const found: ILater[] = [];
  let next = 0;
  /** Skip the words before a position. */
  const skip = (to: number) => {
    while (next < words.length && words[next] < to) {
      next++;
    }
  };
  yield* visiting(node, cursor => {
    const { name, from, to } = cursor;
    skip(from);
    if (next === words.length) {
      return null;
    }
    if (words[next] >= to) {
      return false;
    }
    const isPart =
      PARTS.test(name) &&
      (name !== 'ArgList' || cursor.node.getChild('for') !== null);
    if (isPart) {
      found.push({ node: cursor.node, source });
    }
    if (isPart || name === 'String') {
      skip(to);
      return false;
    }
    return true;
  });
  return found;
}

/** Positions of words in code that may run later; null if there are too many. */
function wordsIn({ from, to }: SyntaxNode, source: string): number[] | null {
  const words: number[] = [];
  for (const { index } of source.slice(from, to).matchAll(LATER)) {
    words.push(from + index);
    if (words.length > MAX_WORDS) {
      return null;
    }
  }
  return words;
}
