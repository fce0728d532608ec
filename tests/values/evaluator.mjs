/** Evaluates the strings and fields of notebooks on standard input; see `bundle.mjs`. */
/* global performance, process, setImmediate */
import { createInterface } from 'readline';

import { parser } from '@lezer/python';

import { arrange } from '../../src/notebook/arrange.ts';
import { candidatesOf } from '../../src/notebook/candidates.ts';
import { StringFinder } from '../../src/notebook/strings/finder.ts';
import { ComposedTexts } from '../../src/notebook/strings/composed.ts';
import { findConversations } from '../../src/notebook/strings/conversations.ts';
import {
  expressionFor,
  readAnswer
} from '../../src/notebook/kernel/expression.ts';
import { sourceSpans } from '../../src/session/mapped.ts';
import { parsingWithMagics } from '../../src/notebook/strings/magics.ts';
import { atOnce } from '../../src/notebook/strings/pieces.ts';
import { findPythonStrings } from '../../src/notebook/strings/python.ts';
import { templatesOf } from '../../src/notebook/values/reach.ts';
import { Machine } from '../../src/notebook/values/machine.ts';
import { runNotebook } from '../../src/notebook/values/run.ts';
import { composeAll } from '../../src/notebook/values/compose.ts';
import { stringOf } from '../../src/notebook/values/value.ts';
import { fill } from '../../src/session/template.ts';

const CONTEXT = {
  lookup: () => null,
  trans: { __: text => text }
};

/** The text of a cell that is offered first. Null if there is none. */
function firstOffered({ source, tree }) {
  const found = [
    ...findConversations(source, CONTEXT, tree),
    ...findPythonStrings(source, parser, CONTEXT, tree)
  ];
  const texts = { type: 'code', source, found, outputs: [] };
  const [first] = arrange(candidatesOf(texts)).listed;
  return first ? { kind: first.kind, span: first.origin.span } : null;
}

/** The key of a field's value. */
function keyOf({ place, value }, map, index) {
  const at = sourceSpans(map, value)[0]?.[0];
  return place ? `${place.cell}:${place.at}` : `${index}:${at}`;
}

/** The maximum number of ways to fill in a text that are listed. */
const MOST_WAYS = 64;

/** All possible texts of a composed text. Null if one of its fields isn't known. */
function filledIn(text, seen) {
  let ways = [{}];
  for (const { name, seen: key } of text.fields) {
    const field = seen.get(key);
    if (field === undefined || field.why !== null) {
      return null;
    }
    if (name in ways[0]) {
      continue;
    }
    ways = field.options.flatMap(({ value }) =>
      ways.map(way => ({ ...way, [name]: stringOf(value) }))
    );
    if (ways.length === 0 || ways.length > MOST_WAYS) {
      return null;
    }
  }
  return ways.map(values => fill(text, values).value);
}

/** The possible texts of each expression that produces texts, where they are known. */
function madeIn({ source, tree }, cell, { texts, seen }) {
  const found = [];
  tree?.iterate({
    enter: ({ name, from, to, node }) => {
      if (name === 'FormatReplacement') {
        return false;
      }
      const sign = node.getChild('ArithOp');
      const operator = sign && source.slice(sign.from, sign.to);
      const isChained = node.parent?.name === name && node.parent.from === from;
      const isMeant =
        name === 'CallExpression' ||
        name === 'UpdateStatement' ||
        (name === 'BinaryExpression' &&
          '+*%'.includes(operator ?? '/') &&
          !isChained);
      const made = isMeant ? texts.get(`${cell}:${from}:${to}`) : undefined;
      if (made !== undefined && made.why === null) {
        const all = composeAll(made, { seen, cell }).map(text =>
          filledIn(text, seen)
        );
        found.push({
          cell,
          span: [from, to],
          values: all.includes(null) ? null : all.flat(),
          fields: composeAll(made, { seen, cell })[0].fields.length
        });
      }
    }
  });
  return found;
}

function milliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The processor time of each cell, from its start to that of the next one. */
class CellTimes {
  next(cell) {
    if (cell === this._cell) {
      return;
    }
    const now = milliseconds();
    if (this._cell !== null) {
      const before = this._all.get(this._cell) ?? 0;
      this._all.set(this._cell, before + now - this._begun);
    }
    this._cell = cell;
    this._begun = now;
  }

  /** The time of the slowest cell since the last call. */
  most() {
    this.next(null);
    const most = Math.max(...this._all.values(), 0);
    this._all.clear();
    return most;
  }

  _all = new Map();
  _cell = null;
  _begun = 0;
}

/** Steps that take less time than this, in ms, are merged with the next one. */
const SHORT = 0.5;

const cellTimes = new CellTimes();
const { enter } = Machine.prototype;
Machine.prototype.enter = function (code, ...others) {
  cellTimes.next(code.cell);
  return enter.call(this, code, ...others);
};

/** The longest time that finding a cell's texts, and the first one's values, blocks the page, and the time of all of it. */
async function find(cells) {
  const finder = new StringFinder({
    languages: {
      getLanguage: async () => ({ support: { language: { parser } } })
    },
    unicodeNames: async names => new Map(names.map(name => [name, '1'])),
    trans: CONTEXT.trans,
    clock: () => performance.now()
  });
  let held = 0;
  let before = milliseconds();
  let isDone = false;
  // Runs whenever the page could continue.
  const look = () => {
    const now = milliseconds();
    held = Math.max(held, now - before);
    before = milliseconds();
    if (!isDone) {
      setImmediate(look);
    }
  };
  setImmediate(look);
  const begun = performance.now();
  const index = cells.length - 1;
  const all = cells.map(source => ({ type: 'code', source, count: null }));
  const notebook = { cells: all, language: 'python' };
  const found = await finder.find(notebook, index);
  const between = performance.now();
  const suggested = found.length
    ? await finder.suggest(notebook, index, found[0])
    : {};
  const end = performance.now();
  look();
  isDone = true;
  const [first] = found;
  return {
    held,
    find_ms: between - begun,
    suggest_ms: end - between,
    found: found.length,
    problem: first?.problem,
    suggested: Object.keys(suggested).length
  };
}

/** A clock with which cells are left at random, reproducibly for each seed. */
function leaving(seed) {
  let state = seed + 1;
  let time = 0;
  return () => {
    state = (state * 48271) % 2147483647;
    time += state % LEFT === 0 ? 1000 : 0;
    return time;
  };
}

/** One in this number of looks at the clock finds that a cell's time is over. */
const LEFT = 40;

createInterface({ input: process.stdin }).on('line', async line => {
  const asked = JSON.parse(line);
  const { cells, strings, names, raised, clock, finds, leaves } = asked;
  if (finds) {
    process.stdout.write(`${JSON.stringify(await find(cells))}\n`);
    return;
  }
  if (names) {
    const said = raised ? readAnswer(raised, names.length) : null;
    const expression = expressionFor(names);
    const values = said?.map(({ type, value, why }) => ({
      type,
      // Integers are BigInts, which JSON has no form for.
      value: type === 'int' ? String(value) : value,
      why
    }));
    process.stdout.write(`${JSON.stringify({ expression, values })}\n`);
    return;
  }
  const read = cells.map(source => ({
    source,
    count: null,
    tree: atOnce(parsingWithMagics(source, parser))
  }));
  const begun = milliseconds();
  // With a clock as in the browser, or only with counts, which are reproducible.
  const now = clock
    ? () => performance.now()
    : leaves === undefined
      ? null
      : leaving(leaves);
  const work = runNotebook(read, () => null, now);
  let run;
  let longest = 0;
  let before = begun;
  let looked = performance.now();
  for (;;) {
    const { done, value } = work.next();
    // Reading the processor time is itself slow, so short steps are merged.
    if (done || performance.now() - looked > SHORT) {
      const now = milliseconds();
      longest = Math.max(longest, now - before);
      before = now;
      looked = performance.now();
    }
    if (done) {
      run = value;
      break;
    }
  }
  const ms = milliseconds() - begun;
  const most = cellTimes.most();
  const seen = Object.fromEntries(
    Array.from(run.seen.keys(), key => {
      const { options, why, each } = run.seen.get(key);
      const values = options.map(({ value }) => stringOf(value));
      return [key, { values, why, each }];
    })
  );
  const found = strings
    ? read.map(({ source, tree }) =>
        findPythonStrings(source, parser, CONTEXT, tree).map(
          ({ span, kind, value }) => ({ span, kind, value })
        )
      )
    : [];
  const texts = strings
    ? read.map(({ source, tree }, index) =>
        templatesOf(
          [
            ...findConversations(source, CONTEXT, tree),
            ...findPythonStrings(source, parser, CONTEXT, tree)
          ],
          run,
          index,
          CONTEXT
        ).map(text => {
          const { span, kind, value, problem } = text;
          const fields = text.fields.map(field => [
            field.name,
            keyOf(field, text.map, index)
          ]);
          const known = fields.filter(([, key]) => seen[key]?.why === null);
          const values = known.map(([name, key]) => [
            name,
            seen[key].values[0]
          ]);
          const filled = fill(text, Object.fromEntries(values)).value;
          return { span, kind, value, problem, fields, filled };
        })
      )
    : [];
  const offered = strings ? read.map(firstOffered) : [];
  const composed = strings
    ? read.map(
        ({ source, tree }, cell) =>
          new ComposedTexts(run, cell, source, CONTEXT).find(
            tree,
            findPythonStrings(source, parser, CONTEXT, tree)
          ).length
      )
    : [];
  const made = read.flatMap((code, cell) => madeIn(code, cell, run));
  const times = { ms, longest, most };
  const said = { seen, made, composed, found, texts, offered, ...times };
  process.stdout.write(`${JSON.stringify(said)}\n`);
});
