/** Hides IPython's additions to Python from the parser. */
import { Tree, TreeFragment } from '@lezer/common';
import type { ChangedRange, Parser, SyntaxNode } from '@lezer/common';

import { parsing } from './parsing';
import { atOnce } from './pieces';
import type { Work } from './pieces';

/** Cell magics whose body is Python that runs as other cells do. */
const SAME_MAGICS = new Set(['capture', 'debug', 'prun', 'time']);

/** Cell magics whose body is Python in a function of its own. */
const APART_MAGICS = new Set(['lprun', 'memit', 'mprun', 'timeit']);

/** Cell magics whose body is Python for another process. */
const OTHER_PYTHON_MAGICS = new Set([
  'pypy',
  'python',
  'python2',
  'python3',
  'scalene'
]);

/** Cell magics whose body is certainly not Python. */
const TEXT_MAGICS = new Set([
  'HTML',
  'R',
  'SVG',
  'ai',
  'bash',
  'bigquery',
  'cmd',
  'cpp',
  'css',
  'cypher',
  'dot',
  'duckdb',
  'file',
  'html',
  'javascript',
  'js',
  'julia',
  'latex',
  'markdown',
  'mermaid',
  'perl',
  'powershell',
  'pwsh',
  'ruby',
  'script',
  'sh',
  'sparksql',
  'sql',
  'svg',
  'system',
  'sx',
  'writefile'
]);

/** Cell magics whose line names no variables. */
const NAMELESS_MAGICS =
  /^(HTML|SVG|ai|css|debug|file|html|javascript|js|latex|lprun|markdown|memit|mermaid|mprun|prun|svg|time|timeit|writefile)$/;

/** A cell magic `%%name …` on a cell's first line. */
export interface ICellMagic {
  readonly name: string;
  /** Where its body begins in the source. */
  readonly body: number;
  /** Whether the body is Python, another text, or unknown. */
  readonly holds: 'python' | 'text' | 'unknown';
  /** Whether it runs as other cells do, with names of its own, or in no kernel. */
  readonly runs: 'same' | 'apart' | 'elsewhere';
  /** The part of its line that may name variables which it binds. */
  readonly binds: string;
}

/** The cell magic of a source; null when it has none. */
export function cellMagic(source: string): ICellMagic | null {
  const match = /^\s*%%(\S*)([^\n]*)(\n|$)/.exec(source);
  if (match === null) {
    return null;
  }
  const name = match[1];
  const isText = TEXT_MAGICS.has(name) || name.startsWith('!');
  const runs = SAME_MAGICS.has(name)
    ? 'same'
    : APART_MAGICS.has(name)
      ? 'apart'
      : 'elsewhere';
  return {
    name,
    body: match[0].length,
    holds: isText
      ? 'text'
      : runs !== 'elsewhere' || OTHER_PYTHON_MAGICS.has(name)
        ? 'python'
        : 'unknown',
    runs,
    binds: NAMELESS_MAGICS.test(name) ? '' : match[2]
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

/** Parse a Python source with IPython's magics in it; if it is too much, the tree is empty. */
export function parseWithMagics(source: string, parser: Parser): Tree {
  return atOnce(parsingWithMagics(source, parser)) ?? Tree.empty;
}

/**
 * Number of times that the source may be parsed again. After that, it is parsed
 * again only if as many lines have changed as before altogether.
 */
const MAX_READINGS = 32;

/** Number of lines between two pauses. */
const LINES = 200;

/**
 * `parseWithMagics` in pieces; null as `parsing`.
 *
 * Magic lines are replaced by as many blanks, so that all positions hold. What
 * looks like a magic inside a string or brackets is text. So all lines that
 * look like magics are blanked first; the tree then shows, line by line from
 * the top, which of them are text, and what these may have changed is parsed
 * again.
 */
export function* parsingWithMagics(
  source: string,
  parser: Parser
): Work<Tree | null> {
  // The parser knows neither a carriage return alone nor one after a backslash.
  // Template strings are f-strings to it, whose fields are read alike.
  let text = source
    .replace(/\\\r\n/g, '\\\n ')
    .replace(/\r(?!\n)/g, '\n')
    .replace(/\b(?:t|tr|rt)(?=["'])/gi, prefix => prefix.replace(/t/i, 'f'));
  const magic = cellMagic(source);
  if (magic !== null) {
    text = blank(text.slice(0, magic.body)) + text.slice(magic.body);
  }
  const lines = text.split('\n');
  const guess = new Blanking();
  const read: string[] = [];
  for (const line of lines) {
    read.push(guess.next(line, guess.mayBegin(line)));
    if (read.length % LINES === 0) {
      yield;
    }
  }
  const first = yield* parsing(parser, read.join('\n'));
  if (first === null) {
    return null;
  }
  let tree: Tree = first;
  /** Lines that differ from those that `tree` was made of. */
  let changes: ChangedRange[] = [];
  /** Whether lines below are read as they stand, rather than blanked first. */
  let isBare = false;
  let readings = 0;
  let known = 0; // how many lines differed before
  /** Parse again; returns whether it wasn't too much. */
  function* renew(): Work<boolean> {
    // Only what a change can have reached is read again.
    const fragments = TreeFragment.applyChanges(
      TreeFragment.addTree(tree),
      changes
    );
    const next = yield* parsing(parser, read.join('\n'), fragments);
    tree = next ?? tree;
    readings++;
    known += changes.length;
    changes = [];
    return next !== null;
  }
  /** Replace the line that begins at `at`; returns whether it changes. */
  function put(index: number, at: number, line: string): boolean {
    if (line === read[index]) {
      return false;
    }
    read[index] = line;
    const end = at + line.length;
    changes.push({ fromA: at, toA: end, fromB: at, toB: end });
    return true;
  }
  const blanking = new Blanking();
  let stale = false;
  let start = 0;
  for (const [index, line] of lines.entries()) {
    if (index % LINES === 0) {
      yield;
    }
    const mayBegin = blanking.mayBegin(line);
    const isDue = readings < MAX_READINGS || changes.length >= known;
    if (mayBegin && stale && isDue) {
      if (!(yield* renew())) {
        return null;
      }
      stale = false;
    }
    let around = mayBegin ? surrounding(tree, start) : null;
    if (around !== null && !isBare && !isWhole(around)) {
      // Perhaps a line that was blanked closes the bracket.
      isBare = true;
      for (let at = start, below = index; below < lines.length; below++) {
        put(below, at, lines[below]);
        at += lines[below].length + 1;
      }
      if (!(yield* renew())) {
        return null;
      }
      around = surrounding(tree, start);
    }
    // A bracket that was never closed must not hide the magics below it.
    const isText = around !== null && isWhole(around);
    const right = blanking.next(line, mayBegin && !isText);
    if (put(index, start, right)) {
      // Only these can change what is inside of what further down.
      stale ||=
        around?.name === 'String'
          ? line.includes(quoteOf(text, around))
          : /["'([{)\]}]/.test(line);
    }
    start += line.length + 1;
  }
  return changes.length === 0 || (yield* renew()) ? tree : null;
}

/** Blanks magics, line by line. */
class Blanking {
  /** Whether a line looks like a magic, and can be one. */
  mayBegin(line: string): boolean {
    return !this._follows && (LINE.test(line) || ASSIGNED.test(line));
  }

  /** What is left of a line. */
  next(line: string, isMagic: boolean): string {
    this._follows = /\\\r?$/.test(line);
    if (!isMagic && !this._continued) {
      return line;
    }
    // A backslash at the end takes the next line along, as in the shell.
    this._continued = this._follows;
    this._follows = false;
    const assigned = isMagic ? ASSIGNED.exec(line) : null;
    const from = assigned?.[1].length ?? 0;
    return assigned === null
      ? blank(line)
      : line.slice(0, from) + '0'.padEnd(line.length - from);
  }

  private _continued = false;
  /** Whether the line before ends with a backslash. */
  private _follows = false;
}

/** The string or the brackets that a line begins inside of, or null. */
function surrounding(tree: Tree, position: number): SyntaxNode | null {
  for (
    let node: SyntaxNode | null = tree.resolveInner(position, 0);
    node !== null;
    node = node.parent
  ) {
    if (STRINGS.has(node.name) || BRACKETS.has(node.name)) {
      return node.from < position ? node : null;
    }
  }
  return null;
}

/** The quotation mark that ends a string. */
function quoteOf(text: string, { from, to }: SyntaxNode): string {
  return /["']/.exec(text.slice(from, to))?.[0] ?? '"';
}

/** Whether it is a string, or brackets that are closed. */
function isWhole(node: SyntaxNode): boolean {
  return STRINGS.has(node.name) || /^[)\]}]$/.test(node.lastChild?.name ?? '');
}

function blank(text: string): string {
  return text.replace(/[^\r\n]/g, ' ');
}
