/** IPython's additions to Python, taken out of the parser's way. */
import { TreeFragment } from '@lezer/common';
import type { ChangedRange, Parser, SyntaxNode, Tree } from '@lezer/common';

import { atOnce, parsing } from './pieces';
import type { Work } from './pieces';

/** Cell magics whose body is Python that runs in the kernel or beside it. */
const PYTHON_MAGICS = new Set([
  'capture',
  'debug',
  'memit',
  'mprun',
  'lprun',
  'prun',
  'pypy',
  'python',
  'python2',
  'python3',
  'scalene',
  'time',
  'timeit'
]);

/** Cell magics whose body is certainly not Python. */
const TEXT_MAGICS = new Set([
  'HTML',
  'R',
  'SVG',
  'ai',
  'bash',
  'cmd',
  'file',
  'html',
  'javascript',
  'js',
  'latex',
  'markdown',
  'perl',
  'ruby',
  'script',
  'sh',
  'sql',
  'svg',
  'system',
  'writefile'
]);

/** A cell magic `%%name …` on a cell's first line. */
export interface ICellMagic {
  readonly name: string;
  /** Where its body begins in the source. */
  readonly body: number;
  /** Whether the body is Python, another text, or can't be told. */
  readonly holds: 'python' | 'text' | 'unknown';
}

/** The cell magic of a source; null when it has none. */
export function cellMagic(source: string): ICellMagic | null {
  const match = /^\s*%%(\S*)[^\n]*(\n|$)/.exec(source);
  if (match === null) {
    return null;
  }
  const name = match[1];
  return {
    name,
    body: match[0].length,
    holds: PYTHON_MAGICS.has(name)
      ? 'python'
      : TEXT_MAGICS.has(name) || name.startsWith('!')
        ? 'text'
        : 'unknown'
  };
}

/** A line magic, a shell command or a call for help, where Python has none. */
const LINE = /^[ \t]*(?:[%!?].*|[\w.*]+\?\??[ \t]*)$/;

/** `name = !command` and `name = %magic`. */
const ASSIGNED = /^([\w.,[\] \t]+=[ \t]*)[!%].*$/;

const BRACKETS = new Set([
  'ArgList',
  'ArrayComprehensionExpression',
  'ArrayExpression',
  'DictionaryExpression',
  'ParamList',
  'ParenthesizedExpression',
  'SetExpression',
  'TupleExpression'
]);

const STRINGS = new Set(['String', 'FormatString', 'ContinuedString']);

/** Parse a Python source with IPython's magics in it. */
export function parseWithMagics(source: string, parser: Parser): Tree {
  return atOnce(parsingWithMagics(source, parser));
}

/**
 * Parse a Python source with IPython's magics in it, bit by bit.
 *
 * Magic lines are blanked, length for length, so that all positions hold. What
 * looks like one inside a string is text: whether it is, the parser says, line
 * by line from the top, since all before a line is blanked when it is judged.
 */
export function* parsingWithMagics(source: string, parser: Parser): Work<Tree> {
  // The parser knows neither a carriage return alone nor one after a backslash.
  let text = source.replace(/\\\r\n/g, '\\\n ').replace(/\r(?!\n)/g, '\n');
  const magic = cellMagic(source);
  if (magic !== null) {
    text = blank(text.slice(0, magic.body)) + text.slice(magic.body);
  }
  let tree = yield* parsing(parser, text);
  /** Lines that differ from those that `tree` was made of. */
  let changes: ChangedRange[] = [];
  /** The text up to the last of them, in parts; `done` is where that ends. */
  let parts: string[] = [];
  let done = 0;
  function* renew(): Work<void> {
    text = parts.join('') + text.slice(done);
    parts = [];
    done = 0;
    // Only what a change can have reached is read again.
    const known = TreeFragment.addTree(tree);
    tree = yield* parsing(
      parser,
      text,
      TreeFragment.applyChanges(known, changes)
    );
    changes = [];
  }
  let stale = false;
  let continued = false;
  let follows = false; // whether the line before ends with a backslash
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end);
    const assigned = ASSIGNED.exec(line);
    let isMagic = LINE.test(line) || assigned !== null;
    if (isMagic) {
      if (stale) {
        yield* renew();
        stale = false;
      }
      isMagic = !follows && !isInside(tree, start);
    }
    follows = /\\\r?$/.test(line);
    if (isMagic || continued) {
      const from = start + (isMagic ? (assigned?.[1].length ?? 0) : 0);
      // A backslash at the end takes the next line along, as in the shell.
      continued = follows;
      follows = false;
      parts.push(
        text.slice(done, from),
        assigned !== null && isMagic
          ? '0'.padEnd(end - from)
          : blank(text.slice(from, end))
      );
      done = end;
      changes.push({ fromA: from, toA: end, fromB: from, toB: end });
      // Only these can change what is inside of what further down.
      stale ||= /["'([{)\]}]/.test(line);
    }
    start = end + 1;
  }
  if (changes.length > 0) {
    yield* renew();
  }
  return tree;
}

/** Whether a line begins inside a string or between brackets. */
function isInside(tree: Tree, position: number): boolean {
  for (
    let node: SyntaxNode | null = tree.resolveInner(position, 0);
    node !== null;
    node = node.parent
  ) {
    if (STRINGS.has(node.name) || BRACKETS.has(node.name)) {
      // A bracket that was never closed must not hide the magics below it.
      return node.from < position && (STRINGS.has(node.name) || closes(node));
    }
  }
  return false;
}

function closes(node: SyntaxNode): boolean {
  return /^[)\]}]$/.test(node.lastChild?.name ?? '');
}

function blank(text: string): string {
  return text.replace(/[^\r\n]/g, ' ');
}
