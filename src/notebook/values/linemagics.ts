/** IPython's magics among the lines of a cell, and what they bind. */
import type { SyntaxNode } from '@lezer/common';

import { charge } from './meter';

/** A line magic. */
export interface ILineMagic {
  readonly at: number;
  /** Names that it binds. */
  readonly binds: readonly string[];
  /** Names whose values it may change or call. */
  readonly touches: readonly string[];
  /** Whether it binds no other names. */
  readonly isHarmless: boolean;
}

/** Line magics that bind no names but those of an assignment in front of them. */
const HARMLESS = new Set([
  'alias',
  'autoreload',
  'cd',
  'colors',
  'conda',
  'config',
  'env',
  'history',
  'load_ext',
  'ls',
  'lsmagic',
  'mamba',
  'matplotlib',
  'mkdir',
  'mv',
  'pdb',
  'pip',
  'pwd',
  'reload_ext',
  'rm',
  'set_env',
  'system',
  'sx',
  'tensorboard',
  'unload_ext',
  'uv',
  'who',
  'whos',
  'writefile',
  'xmode'
]);

/** Line magics that run the rest of their line. */
const RUNNING = new Set(['time', 'timeit', 'prun', 'memit', 'lprun']);

/** The cost of a step to another node. */
const STEP = 2;

const LINE =
  /^[ \t]*(?:([\w.,[\] \t]+)=[ \t]*)?(?:([!%]+)[ \t]*([^\s]*)([^\n]*))$/;

const WORD = /[\p{L}_][\p{L}\p{N}_]*/gu;

/** The line magics of a cell; lines inside of strings and brackets are none. */
export function magicsOf(source: string, top: SyntaxNode): ILineMagic[] {
  const found: ILineMagic[] = [];
  let insides: [number, number][] | null = null;
  let next = 0; // of these: the first that ends behind the line's beginning
  // Lines come in their order.
  const isInside = (line: number): boolean => {
    insides ??= insidesOf(top);
    while (next < insides.length && insides[next][1] <= line) {
      next++;
    }
    return next < insides.length && insides[next][0] < line;
  };
  let at = 0;
  for (const line of source.split('\n')) {
    const match = /[!%]/.test(line) ? LINE.exec(line) : null;
    if (match !== null && match[2] !== '%%' && !isInside(at)) {
      const [, targets = '', sign, name, rest] = match;
      const isRunning = RUNNING.has(name);
      const bound = isRunning ? rest.slice(0, rest.lastIndexOf('=') + 1) : '';
      found.push({
        at,
        binds: wordsOf(`${targets} ${bound}`),
        touches: isRunning ? wordsOf(rest) : [],
        isHarmless: isRunning || sign.startsWith('!') || HARMLESS.has(name)
      });
    }
    at += line.length + 1;
  }
  return found;
}

/** The words of a line. */
export function wordsOf(line: string): string[] {
  return Array.from(line.matchAll(WORD), ([word]) => word);
}

/** Where the outermost strings and brackets are, in order. */
function insidesOf(top: SyntaxNode): [number, number][] {
  const found: [number, number][] = [];
  top.cursor().iterate(({ name, from, to }) => {
    charge(STEP);
    const isInside = INSIDE.test(name);
    if (isInside) {
      found.push([from, to]);
    }
    return !isInside;
  });
  return found;
}

const INSIDE = /String$|Expression$|^ArgList$|^ParamList$/;
