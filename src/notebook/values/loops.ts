/** Rules for loops. */
import type { SyntaxNode } from '@lezer/common';

import { childrenOf } from '../strings/evaluate';
import { bindTargets } from './bindings';
import { anyOf, assumeChanged } from './comprehensions';
import { iterable } from './iterables';
import type { Items } from './iterables';
import type { Machine } from './machine';
import { within } from './syntax';
import { condition, runBody, values } from './walk';

/**
 * Limits on rounds that are evaluated one by one, and on their code in all, in
 * UTF-16 units.
 */
const MAX_ROUNDS = 30;
const MAX_CODE = 6_000;

/** Code that may end a round early, or run after it. */
const LEAVES =
  /^((Break|Continue|Return|Yield|Raise)Statement|(Yield|Await|Lambda|Comprehension)Expression|(Function|Class)Definition)$/;

/** A loop, as it is written. */
interface ILoop {
  readonly node: SyntaxNode;
  /** Null: it is no `for`. */
  readonly targets: readonly SyntaxNode[] | null;
  readonly test: SyntaxNode | null;
  readonly body: SyntaxNode;
  readonly other: SyntaxNode | undefined;
}

/** Evaluate a loop. */
export function loop(m: Machine, node: SyntaxNode): void {
  const parts = childrenOf(node);
  const [body, other] = parts.filter(({ name }) => name === 'Body');
  const start = parts.findIndex(({ name }) => name === 'in');
  const first = parts.findIndex(
    ({ name }) => name === 'for' || name === 'while'
  );
  const isFor = node.name === 'ForStatement';
  const sources = isFor ? parts.slice(start + 1, parts.indexOf(body)) : [];
  const items =
    sources.length === 1
      ? iterable(m, sources[0])
      : isFor
        ? listed(m, sources, node)
        : NOTHING;
  const what: ILoop = {
    node,
    targets: isFor ? parts.slice(first + 1, start) : null,
    test: isFor ? null : parts[first + 1],
    body,
    other
  };
  if (parts[0].name === 'async' || !roundByRound(m, what, items)) {
    anyRounds(m, what, items);
  }
}

const NOTHING: Items = () => null;

function listed(
  m: Machine,
  sources: readonly SyntaxNode[],
  node: SyntaxNode
): Items {
  const { value } = values(m, sources, m.place(node.from));
  return value.type === 'tuple' ? () => value.items : NOTHING;
}

/**
 * Evaluate each round of a short loop over known items.
 *
 * @returns false if the loop is to be evaluated for any number of rounds.
 */
function roundByRound(m: Machine, what: ILoop, items: Items): boolean {
  const { targets, body, other } = what;
  const code = body.to - body.from;
  const count = items()?.length ?? 0;
  if (
    targets === null ||
    m.isInRounds ||
    count === 0 ||
    count > MAX_ROUNDS ||
    count * code > MAX_CODE ||
    [...within(body)].some(
      ({ name, type }) => LEAVES.test(name) || type.isError
    )
  ) {
    return false;
  }
  m.isInRounds = true;
  for (let round = 0; ; round++) {
    const now = items();
    if (now === null || round >= MAX_ROUNDS) {
      m.isInRounds = false;
      anyRounds(m, what, NOTHING);
      return true;
    }
    if (round >= now.length) {
      break;
    }
    const place = m.place(targets[0].from);
    bindTargets(m, targets, { value: now[round], place });
    runBody(m, body);
  }
  m.isInRounds = false;
  if (other) {
    runBody(m, other);
  }
  return true;
}

/** Evaluate a loop for any number of rounds. */
function anyRounds(m: Machine, what: ILoop, items: Items): void {
  const { node, targets, test, body, other } = what;
  const place = m.place(node.from);
  const round = () => {
    if (targets !== null) {
      // An earlier round may have lost the items, or added some.
      bindTargets(m, targets, anyOf(items(), m.place(targets[0].from)));
    } else {
      condition(m, test!);
    }
    runBody(m, body);
  };
  m.branching++;
  // Each round begins with what earlier rounds have changed.
  const begin = m.memory.mark();
  assumeChanged(m, 'loop', place, round);
  const log = m.memory.markLog();
  round();
  m.memory.rewind(begin);
  m.memory.join([m.memory.logged(log)], false, 'loop', place);
  if (other) {
    m.memory.branch([() => runBody(m, other)], false, 'loop', place);
  }
  m.branching--;
}
