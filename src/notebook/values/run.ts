/** Evaluates a notebook's cells: the values of its names, fields and texts. */
import type { SyntaxNode, Tree } from '@lezer/common';

import { splitLiteral } from '../strings/literal';
import { cellMagic } from '../strings/magics';
import type { ICellMagic } from '../strings/magics';
import type { Work } from '../strings/pieces';
import type { NameLookup } from '../strings/types';
import { visiting } from '../strings/visit';
import { distrust, evaluate as evaluateNode, runStatement } from './walk';
import { runAtAnyTime } from './functions';
import { magicsOf, wordsOf } from './linemagics';
import type { ILineMagic } from './linemagics';
import { isInside, isTooMuch, leave, leaveUnread } from './leaving';
import { Machine } from './machine';
import type { ICode } from './machine';
import { meter } from './meter';
import type { IChat, IMade, IReach, ISeen } from './sightings';
import { Scope } from './memory';
import { Times } from './times';
import type { Memory } from './memory';
import { runOrder } from './order';
import { RULES } from './rules';
import { Sightings } from './sightings';
import { isError } from './syntax';
import { unknown } from './value';
import type { IBinding, IFunctionValue } from './value';

/** A cell to be evaluated. */
export interface ICell {
  readonly source: string;
  /** Its tree; null for cells that hold no Python, or take too long to read. */
  readonly tree: Tree | null;
  /** Its execution count, where it has one. */
  readonly count: number | null;
}

/** The results of evaluating a notebook. */
export interface IRun {
  /**
   * Values of replacement fields, by `cell:offset` of the brace in the source.
   */
  readonly seen: ReadonlyMap<string, ISeen>;
  /** Calls that fill texts in. */
  readonly reaches: readonly IReach[];
  /** Conversation templates of libraries. */
  readonly chats: readonly IChat[];
  /** Texts by `cell:from:to` of the expression, or `+=`, that makes them. */
  readonly texts: ReadonlyMap<string, IMade>;
  /**
   * The value of an expression at the beginning of a cell, such as that of a
   * field that isn't evaluated.
   */
  at(cell: number, tree: Tree, source: string): IBinding;
}

/**
 * Evaluate all cells in the order that they ran in, then the functions that
 * nothing there calls, or that may be called at any time.
 *
 * Cells may run in any order, so a name that is used before it has a value
 * takes the nearest value below. This needs a second passage.
 *
 * @param now - the time in ms; without it, only counts limit a cell.
 */
export function* runNotebook(
  cells: readonly ICell[],
  lookup: NameLookup,
  now: (() => number) | null = null
): Work<IRun> {
  const order = runOrder(cells.map(({ count }) => count));
  const times = new Times(now);
  const first = yield* passage(cells, order, lookup, null, times);
  return first.isEarly
    ? yield* passage(cells, order, lookup, first.memory, times)
    : first;
}

interface IPassage extends IRun {
  readonly isEarly: boolean;
  readonly memory: Memory;
}

function* passage(
  cells: readonly ICell[],
  order: readonly number[],
  lookup: NameLookup,
  later: Memory | null,
  times: Times
): Work<IPassage> {
  const ranks = new Map(order.map((cell, rank) => [cell, rank]));
  const m = new Machine(
    RULES,
    lookup,
    later,
    cell => ranks.get(cell) ?? cell,
    times.isLate
  );
  /** Cells of which something was left in this passage, with all it may do. */
  const left = new Set<number>();
  /** Number of changes of names before each cell. */
  const marks = new Map<number, number>();
  /** Number of growths of lists before each cell. */
  const grown = new Map<number, number>();
  for (const cell of order) {
    const { source, tree } = cells[cell];
    marks.set(cell, m.memory.puts.length);
    grown.set(cell, m.growths.length);
    m.enter({ cell, source });
    const magic = cellMagic(source);
    if (magic !== null && magic.runs === 'elsewhere') {
      leaveMagic(m, magic);
      if (magic.holds === 'unknown' && tree !== null) {
        yield* attempt(m, m.code, tree.topNode, times, left, () =>
          distrust(m, tree.topNode)
        );
      }
    } else if (tree !== null) {
      yield* attempt(m, m.code, tree.topNode, times, left, () =>
        runCell(m, tree.topNode, magic)
      );
    } else if (source.trim() !== '') {
      leaveUnread(m);
    }
    yield;
  }
  const done = new Set<string>();
  let outer: IFunctionValue | null = null;
  for (let isNew = true; isNew;) {
    isNew = false;
    // This includes functions that are found during the loop.
    for (const [key, { value, code }] of m.functions) {
      const isEscaped = m.escaped.has(key);
      const isDue = !m.called.has(key) || isEscaped;
      // Once unknown code may call it, its names may have other values.
      const pass = isEscaped ? `${key}!` : key;
      if (isDue && !done.has(pass)) {
        done.add(pass);
        isNew = true;
        const isOver =
          times.isOver(code.cell) &&
          (left.has(code.cell) || !m.isCheap(code.cell));
        if (m.isSpent(code.cell) || isOver) {
          if (!left.has(code.cell)) {
            // The time may end without an error, as when the machine sleeps.
            outer = value;
            left.add(code.cell);
            yield* times.during(code.cell, leave(m, code, value.node));
          } else if (outer === null || !isInside(value, outer)) {
            // Its effects were already taken into account. The functions in it
            // are left with it.
            outer = value;
            m.enter(code);
            m.leave(value.node, m.place(value.node.from));
          }
          continue;
        }
        yield* attempt(m, code, value.node, times, left, () => {
          m.enter(code, true);
          runAtAnyTime(m, value);
        });
        m.anytime = null;
        yield;
      }
    }
  }
  const { sightings } = m;
  sightings.settle();
  return {
    seen: sightings.seen,
    reaches: sightings.reaches,
    chats: sightings.chats,
    texts: sightings.texts,
    isEarly: m.isEarly,
    memory: m.memory,
    at(cell, tree, source) {
      const inner = tree.topNode.firstChild?.firstChild ?? null;
      const place = { cell, at: 0 };
      if (inner === null || inner.from !== 0 || inner.to !== source.length) {
        return { value: unknown('syntax', place), place };
      }
      m.memory.restore(marks.get(cell) ?? 0);
      m.enter({ cell, source });
      // Restore the lengths of lists.
      m.branching = 1;
      m.sightings = new Sightings();
      const later = m.growths.slice(grown.get(cell));
      later.reverse().forEach(({ list, before }) => (list.items = before));
      meter(m.count);
      try {
        const value = evaluateNode(m, inner);
        const isName = inner.name === 'VariableName';
        return isName ? m.name(source, place) : { value, place };
      } catch (error) {
        if (!isTooMuch(error)) {
          throw error;
        }
        return { value: unknown('limit', place), place };
      } finally {
        meter(null);
        later.reverse().forEach(({ list, after }) => (list.items = after));
      }
    }
  };
}

/** Number of statements between two pauses. */
const STATEMENTS = 32;

/**
 * Evaluate code, and leave it if that takes too much.
 *
 * @param left - takes the cell, then.
 */
function* attempt(
  m: Machine,
  code: ICode,
  node: SyntaxNode,
  times: Times,
  left: Set<number>,
  work: () => Work<void> | void
): Work<void> {
  const key = `${code.cell}:${node.from}:${node.name}`;
  if (!times.left.has(key)) {
    try {
      yield* times.during(code.cell, metered(m, work));
      return;
    } catch (error) {
      if (!isTooMuch(error)) {
        throw error;
      }
      times.left.add(key);
    }
  }
  left.add(code.cell);
  yield* times.during(code.cell, leave(m, code, node));
}

/** Count the cost of work, without that of others in its pauses. */
function* metered(m: Machine, work: () => Work<void> | void): Work<void> {
  const step = <T>(what: () => T): T => {
    meter(m.count);
    try {
      return what();
    } finally {
      meter(null);
    }
  };
  const rest = step(work);
  while (rest && !step(() => rest.next()).done) {
    yield;
  }
}

/** Evaluate a cell, statement by statement, with the magics between them. */
function* runCell(
  m: Machine,
  top: SyntaxNode,
  magic: ICellMagic | null
): Work<void> {
  let count = 0;
  const magics = [...magicsOf(m.code.source, top)].sort((a, b) => a.at - b.at);
  // An error between statements may belong to any of them.
  let isBroken = false;
  for (let child = top.firstChild; child; child = child.nextSibling) {
    isBroken ||= child.type.isError;
    if (++count % STATEMENTS === 0) {
      m.look();
    }
  }
  if (magic?.runs === 'apart') {
    // It runs in a function of its own.
    m.scope = new Scope('function', m.memory.module);
  }
  for (let child = top.firstChild; child; child = child.nextSibling) {
    const { from, to } = child;
    const next = magics.findIndex(({ at }) => at >= to);
    const due = magics.splice(0, next === -1 ? magics.length : next);
    runMagics(m, due);
    if (isBroken || (yield* holdsError(m, child))) {
      m.muted++;
      distrust(m, child);
      if (!child.type.isError) {
        runStatement(m, child);
        distrust(m, child);
      }
      m.muted--;
    } else {
      runStatement(m, child);
    }
    runMagics(
      m,
      due.filter(({ at }) => at >= from)
    );
    if (++count % STATEMENTS === 0) {
      yield;
    }
  }
  runMagics(m, magics);
  if (magic !== null) {
    leaveMagic(m, magic);
  }
}

/** Whether there is an error in a node, which may be a whole cell. */
function* holdsError(m: Machine, node: SyntaxNode): Work<boolean> {
  let isFound = false;
  const visit = visiting(node, cursor => {
    const { name, from, to, type } = cursor;
    // A string contains only escapes.
    const isText = name === 'String';
    const isOpen =
      isText && splitLiteral(m.code.source, from, to)?.closed === false;
    isFound = isOpen || (type.isError && isError(cursor.node));
    return isFound ? null : !isText;
  });
  while (!visit.next().done) {
    m.look();
    yield;
  }
  return isFound;
}

function runMagics(m: Machine, magics: readonly ILineMagic[]): void {
  for (const { at, binds, touches, isHarmless } of magics) {
    const place = m.place(at);
    m.step();
    if (!isHarmless) {
      m.forget('anything', place);
    }
    m.unknown(
      touches.map(name => m.name(name, place).value),
      place
    );
    for (const name of binds) {
      m.bind(name, { value: unknown('run', place), place });
    }
  }
}

/** A cell magic binds the names that its line says, such as `%%capture out`. */
function leaveMagic(m: Machine, magic: ICellMagic): void {
  const place = m.place(0);
  for (const name of wordsOf(magic.binds)) {
    m.unknown([m.name(name, place).value], place);
    m.bind(name, { value: unknown('run', place), place });
  }
  m.unknown([], place);
}
