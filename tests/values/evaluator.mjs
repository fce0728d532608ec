/** Says what the strings and fields of notebooks on standard input are; see `bundle.mjs`. */
/* global process */
import { createInterface } from 'readline';

import { parser } from '@lezer/python';

import { arrange } from '../../src/notebook/arrange.ts';
import { candidatesOf } from '../../src/notebook/candidates.ts';
import { findConversations } from '../../src/notebook/strings/conversations.ts';
import {
  expressionFor,
  readAnswer
} from '../../src/notebook/kernel/expression.ts';
import { parseWithMagics } from '../../src/notebook/strings/magics.ts';
import { findPythonStrings } from '../../src/notebook/strings/python.ts';
import { runNotebook } from '../../src/notebook/values/run.ts';
import { stringOf } from '../../src/notebook/values/value.ts';

const CONTEXT = {
  lookup: () => null,
  trans: { __: text => text }
};

/** The text of a cell that is offered first; null where it has none. */
function firstOffered({ source, tree }) {
  const found = [
    ...findConversations(source, CONTEXT, tree),
    ...findPythonStrings(source, parser, CONTEXT, tree)
  ];
  const texts = { type: 'code', source, found, outputs: [] };
  const [first] = arrange(candidatesOf(texts)).listed;
  return first ? { kind: first.kind, span: first.origin.span } : null;
}

function milliseconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

createInterface({ input: process.stdin }).on('line', line => {
  const { cells, strings, names, raised } = JSON.parse(line);
  if (names) {
    const said = raised ? readAnswer(raised, names.length) : null;
    const expression = expressionFor(names);
    const values = said?.map(({ type, value, why }) => ({
      type,
      // Halves of pairs, too, as numbers of their units.
      value: type === 'int' ? String(value) : value,
      why
    }));
    process.stdout.write(`${JSON.stringify({ expression, values })}\n`);
    return;
  }
  const read = cells.map(source => ({
    source,
    count: null,
    tree: parseWithMagics(source, parser)
  }));
  const begun = milliseconds();
  const work = runNotebook(read, () => null);
  let longest = 0;
  let before = begun;
  let step = work.next();
  for (; !step.done; step = work.next()) {
    const now = milliseconds();
    longest = Math.max(longest, now - before);
    before = now;
  }
  const ms = milliseconds() - begun;
  const seen = Object.fromEntries(
    Array.from(step.value.seen, ([key, { options, why, each }]) => [
      key,
      { values: options.map(({ value }) => stringOf(value)), why, each }
    ])
  );
  const found = strings
    ? read.map(({ source, tree }) =>
        findPythonStrings(source, parser, CONTEXT, tree).map(
          ({ span, kind, value }) => ({ span, kind, value })
        )
      )
    : [];
  const offered = strings ? read.map(firstOffered) : [];
  process.stdout.write(
    `${JSON.stringify({ seen, found, offered, ms, longest })}\n`
  );
});
