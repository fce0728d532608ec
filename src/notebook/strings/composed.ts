/**
 * Composed texts: what `+`, `+=`, `join`, `dedent` and f-strings with other texts in
 * them make of a cell's literals, as one text with fields.
 */
import type { SyntaxNode, Tree } from '@lezer/common';

import { firstIndex, sourceSpans } from '../../session/mapped';
import type { Span } from '../../session/source';
import { composeAll, isShort, rawOf } from '../values/compose';
import type { IComposed } from '../values/compose';
import type { IRun } from '../values/run';
import type { IMade } from '../values/sightings';
import { childrenOf } from './evaluate';
import type { IText } from './evaluate';
import { takenByIPython } from './ipython';
import type { ITaken } from './ipython';
import { atOnce } from './pieces';
import type { Work } from './pieces';
import { changesOf, MAX_PROBLEMS, variableOf } from './python';
import { standingOf } from './standing';
import type { IFindContext, IFoundText } from './types';
import { visiting } from './visit';

/**
 * Whether a cell may compose texts: a cheap check, because evaluating cells is
 * expensive.
 */
export function mayCompose(
  source: string,
  strings: readonly IFoundText[]
): boolean {
  const isNested =
    strings.length > 1 && strings.some(({ kind }) => kind === 'f-string');
  return (
    isNested ||
    /[+*]|\.\s*(join|[lr]?strip)\b|\b(dedent|cleandoc)\b/.test(source)
  );
}

/**
 * Limits on the composed texts of a cell, and on the pieces of them all, each
 * counted once for every text that it was put into.
 */
const MAX_TEXTS = 200;
const MAX_PIECES = 50_000;

/** Nodes that may make a text of others. */
const MAKERS = new Set([
  'BinaryExpression',
  'CallExpression',
  'FormatString',
  'ContinuedString',
  'UpdateStatement'
]);

/** Methods and functions that make a text of others. */
const MAKES = /(^|\.\s*)(join|strip|lstrip|rstrip|dedent|cleandoc)$/;

/** A text, and the code that makes it. */
interface IFoundComposed extends IFoundText {
  readonly parts: readonly Span[];
  readonly node: Span;
  /** The literals that it is made of, in order and apart. */
  readonly literals: readonly Span[];
  readonly raw: string;
  readonly inlined: ReadonlySet<string>;
  /** Whether its variable is part of the code that makes it. */
  readonly usesItself: boolean;
}

/** Finds the composed texts of a cell in the evaluated notebook. */
export class ComposedTexts {
  constructor(
    private readonly _run: IRun,
    private readonly _cell: number,
    private readonly _source: string,
    private readonly _context: IFindContext
  ) {
    this._taken = takenByIPython(_source);
  }

  /** The text of an expression; null if it isn't one, or is a field's value. */
  readonly at = (node: SyntaxNode): IText | null => {
    const [text] = this._made(node, undefined);
    if (text === undefined || text.before !== undefined) {
      return null;
    }
    const { value, map, fields } = text;
    const isValue = node.name === 'VariableName' && fields.length === 0;
    return map.length === 0 || (isValue && isShort(value))
      ? null
      : { kind: 'composed', value, map, fields, problems: problemsOf(text) };
  };

  /**
   * All composed texts, of a variable only its last state.
   *
   * @param found - the cell's other texts, which aren't repeated.
   */
  find(tree: Tree, found: readonly IFoundText[]): IFoundText[] {
    return atOnce(this.finding(tree, found));
  }

  /** `find` in pieces. */
  *finding(tree: Tree, found: readonly IFoundText[]): Work<IFoundText[]> {
    const nodes: SyntaxNode[] = [];
    yield* visiting(tree.topNode, cursor => {
      if (MAKERS.has(cursor.name) && this._composes(cursor.node)) {
        nodes.push(cursor.node);
      }
      return cursor.name !== 'String';
    });
    // From the end, so that most steps of a text need no composing.
    const byNode: IFoundComposed[][] = [];
    let left = MAX_PIECES;
    for (const node of nodes.reverse()) {
      yield;
      const name = this._variable(node);
      const raws = this._texts(node)?.texts.map(rawOf) ?? [];
      const isStep =
        name !== undefined &&
        raws.every(raw =>
          byNode.some(texts =>
            texts.some(
              other => other.variable === name && other.raw.includes(raw)
            )
          )
        );
      left -= this._pieces(node);
      if (!isStep && byNode.length < MAX_TEXTS && left > 0) {
        byNode.push(this._made(node, name, found));
      }
    }
    const all = byNode.reverse().flat();
    const kept = all.filter(
      (text, index) =>
        !all.some(
          (other, at) => at !== index && isStepOf(text, other, at > index)
        )
    );
    return kept.map(text => asFound(withParts(text, kept)));
  }

  /** Whether a node may make a text of others. */
  private _composes(node: SyntaxNode): boolean {
    switch (node.name) {
      case 'BinaryExpression': {
        const operator = childrenOf(node)[1];
        const sign = operator && this._text(operator);
        const { parent } = node;
        // Of a chain all of it.
        const isInner =
          parent?.name === 'BinaryExpression' && parent.from === node.from;
        return (sign === '+' || sign === '*') && !isInner;
      }
      case 'CallExpression': {
        const { firstChild } = node;
        return firstChild !== null && MAKES.test(this._text(firstChild));
      }
      case 'FormatString':
        return node.parent?.name !== 'ContinuedString';
      case 'ContinuedString':
      case 'UpdateStatement':
        return true;
      default:
        return false;
    }
  }

  private _variable(node: SyntaxNode): string | undefined {
    if (node.name !== 'UpdateStatement') {
      let outer = node;
      while (outer.parent?.name === 'ParenthesizedExpression') {
        outer = outer.parent;
      }
      return variableOf(outer, this._source).variable;
    }
    const { firstChild } = node;
    return firstChild?.name === 'VariableName'
      ? this._text(firstChild)
      : undefined;
  }

  private _texts({ from, to }: SyntaxNode): IMade | undefined {
    return this._run.texts.get(`${this._cell}:${from}:${to}`);
  }

  private _pieces(node: SyntaxNode): number {
    const texts = this._texts(node)?.texts ?? [];
    return texts
      .flatMap(({ pieces }) => pieces)
      .reduce((sum, { via }) => sum + 1 + (via?.depth ?? 0), 0);
  }

  /** The texts that a node makes, the longest first. */
  private _made(
    node: SyntaxNode,
    variable: string | undefined,
    found: readonly IFoundText[] = []
  ): IFoundComposed[] {
    const { from, to } = node;
    const made = this._texts(node);
    if (made === undefined) {
      return [];
    }
    const { seen } = this._run;
    const all = composeAll(made, { seen, cell: this._cell, variable });
    const isStep = node.name === 'UpdateStatement';
    const standing = standingOf(node, this._source);
    const remark = this._remark(
      all.length,
      made.why !== null,
      isStep && made.isMaybe
    );
    return all
      .filter(text => this._isNew(text, [from, to], found))
      .sort((a, b) => b.value.length - a.value.length)
      .map(text => ({
        ...this._found(text, [from, to], variable, isStep, remark),
        ...(standing && { standing })
      }));
  }

  /**
   * Whether a text adds something to a literal, and to what was found already.
   */
  private _isNew(
    { value, map, fields, inlined }: IComposed,
    [from, to]: Span,
    found: readonly IFoundText[]
  ): boolean {
    const same = found.find(({ span }) => span[0] <= from && to <= span[1]);
    const isSame =
      same !== undefined &&
      (same.value === value ||
        (same.fields.length > 0 && inlined.size === 0) ||
        same.span[0] < from ||
        to < same.span[1]);
    const isKnown = map.length > 0 || fields.length > 0;
    return value.trim() !== '' && isKnown && !isSame;
  }

  private _found(
    { raw, inlined, ...text }: IComposed,
    node: Span,
    variable: string | undefined,
    isStep: boolean,
    remark: readonly string[]
  ): IFoundComposed {
    const { _source: source, _context: context } = this;
    const own = sourceSpans(text.map, [0, text.value.length]);
    const problems = [
      ...remark,
      ...changesOf(text, this._taken, context)
    ].slice(0, MAX_PROBLEMS);
    // The steps of a variable belong together, from the first to the last.
    const start = isStep
      ? Math.min(node[0], ...own.map(([from]) => from))
      : node[0];
    return {
      ...text,
      kind: 'composed',
      span: [start, node[1]],
      ...(variable !== undefined && { variable }),
      ...(problems.length > 0 && { problem: problems.join(' ') }),
      parts: [node, ...own],
      node,
      literals: apart(own),
      raw,
      inlined,
      usesItself: isWord(variable, source.slice(...node))
    };
  }

  private _remark(count: number, isOpen: boolean, isMaybe: boolean): string[] {
    const { trans } = this._context;
    if (count > 1 || isOpen) {
      return [
        trans.__(
          'The code may make other texts here, too; which one depends on the run.'
        )
      ];
    }
    return isMaybe
      ? [trans.__('Whether all of this text is used depends on the run.')]
      : [];
  }

  private _text({ from, to }: SyntaxNode): string {
    return this._source.slice(from, to);
  }

  private readonly _taken: ITaken;
}

/** Whether a name is one of the words of a code. */
function isWord(name: string | undefined, code: string): boolean {
  const words: readonly string[] = code.match(/[\p{L}_][\p{L}\p{N}_]*/gu) ?? [];
  return name !== undefined && words.includes(name);
}

function problemsOf({ problem }: IFoundText): string[] {
  return problem === undefined ? [] : [problem];
}

/** Whether a text is only a step on the way to another. */
function isStepOf(
  text: IFoundComposed,
  other: IFoundComposed,
  isLater: boolean
): boolean {
  const isInside = isIn(text.node, other.node);
  const isSame = isInside && isIn(other.node, text.node);
  if (isInside && !isSame) {
    return isShared(text, other);
  }
  return (
    text.variable !== undefined &&
    text.variable === other.variable &&
    (isSame
      ? text.raw.length < other.raw.length && other.raw.includes(text.raw)
      : isLater && other.usesItself && isShared(text, other))
  );
}

/** Sorted spans, overlapping ones merged. */
function apart(spans: readonly Span[]): Span[] {
  const found: Span[] = [];
  for (const [from, to] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = found[found.length - 1];
    if (last !== undefined && from < last[1]) {
      found[found.length - 1] = [last[0], Math.max(last[1], to)];
    } else {
      found.push([from, to]);
    }
  }
  return found;
}

/** Whether two texts have a literal in common. */
function isShared(one: IFoundComposed, other: IFoundComposed): boolean {
  const all = other.literals;
  return one.literals.some(([from, to]) => {
    const next = all[firstIndex(all, own => own[1] > from)];
    return next !== undefined && next[0] < to;
  });
}

/** Whether a text is made of all the literals that another is made of. */
function covers(one: IFoundComposed, other: IFoundComposed): boolean {
  const all = one.literals;
  return other.literals.every(part => {
    const own = all[firstIndex(all, ([, to]) => to >= part[1])];
    return own !== undefined && isIn(part, own);
  });
}

function isIn(inner: Span, outer: Span): boolean {
  return outer[0] <= inner[0] && inner[1] <= outer[1];
}

function asFound({
  node: _node,
  literals: _literals,
  raw: _raw,
  inlined: _inlined,
  usesItself: _usesItself,
  ...text
}: IFoundComposed): IFoundText {
  return text;
}

/** A text with the code of those texts that it is made of. */
function withParts(
  text: IFoundComposed,
  others: readonly IFoundComposed[]
): IFoundComposed {
  const made = others.filter(
    other =>
      other !== text &&
      other.variable !== undefined &&
      text.inlined.has(other.variable) &&
      covers(text, other)
  );
  // Their literals are this one's, too.
  const parts = [...text.parts, ...made.map(({ node }) => node)];
  // What is printed doesn't stand for a prompt that it shows.
  const isNotice = text.standing === 'notice';
  return {
    ...text,
    parts: isNotice ? parts.filter(part => isIn(part, text.node)) : parts
  };
}
