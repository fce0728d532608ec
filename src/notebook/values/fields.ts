/** The values of f-strings and their replacement fields. */
import type { SyntaxNode } from '@lezer/common';

import { sourceSpans } from '../../session/mapped';
import { childrenOf } from '../strings/evaluate';
import { bindingOf, evaluate, literalOf, textAt } from './walk';
import type { Machine } from './machine';
import { putIn } from './puts';
import { shown } from './templates';
import { cutPiece, isTooLong, openPiece, pieceOf } from './text';
import { stringOf, unknown } from './value';
import type { IBinding, IPiece, IPut, Value } from './value';

/** Parts of a field behind its expression. */
const BEHIND = /^(FormatSelfDoc|FormatConversion|FormatSpec)$/;

/** The text of an f-string, or of literals beside each other. */
export function evaluateFormat(m: Machine, node: SyntaxNode): Value {
  const { cell } = m.code;
  const place = m.place(node.from);
  m.work(1_000);
  const replacements = new Map<number, SyntaxNode>();
  const literals = node.name === 'FormatString' ? [node] : childrenOf(node);
  for (const replacement of literals.flatMap(literal =>
    literal.getChildren('FormatReplacement')
  )) {
    replacements.set(replacement.from, replacement);
  }
  // Fields have effects even if the text isn't known.
  const found = new Map<number, Value>();
  for (const [from, replacement] of replacements) {
    const binding = field(m, replacement);
    m.see(from, binding);
    found.set(from, binding.value);
  }
  const text = literalOf(m, node);
  // A template string is no text: what becomes of it is for its reader to say.
  const isTemplate = literals.some(literal =>
    /^(t|tr|rt)["']/i.test(m.code.source.slice(literal.from, literal.from + 3))
  );
  if (text === null || text.problems.length > 0 || isTemplate) {
    return unknown('run', place);
  }
  const whole = { cell, from: node.from, to: node.to };
  const piece = pieceOf(text, cell);
  const parts: (IPiece | Value)[] = [];
  const puts: IPut[] = [];
  let at = 0;
  for (const { value: span, name, wanted, format } of text.fields) {
    const from = sourceSpans(text.map, span)[0]?.[0] ?? -1;
    const replacement = replacements.get(from);
    const written = text.value.slice(span[0], span[1]);
    if (
      replacement === undefined ||
      replacement.to - replacement.from !== written.length
    ) {
      return unknown('run', place);
    }
    parts.push(cutPiece(piece, at, span[0]));
    const value = found.get(from)!;
    const { to } = replacement;
    const put = { cell, from, to, written, name, wanted, format };
    if (value.type === 'unknown') {
      parts.push({
        ...openPiece(written, cell, from, value.why),
        via: { put, depth: 1 }
      });
    } else {
      parts.push(value);
      puts.push(put);
    }
    at = span[1];
  }
  parts.push(cutPiece(piece, at, piece.text.length));
  const inserted = parts.flatMap(part => ('type' in part ? [part] : []));
  return m.each(
    inserted,
    values => {
      let next = 0;
      if (isTooLong(values.filter(value => value.type === 'text'))) {
        return unknown('limit', place);
      }
      const pieces = parts.flatMap((part): readonly IPiece[] => {
        if (!('type' in part)) {
          return [part];
        }
        const put = puts[next];
        const value = values[next++];
        return value.type === 'text' ? putIn(value, put).pieces : [];
      });
      return {
        type: 'text',
        pieces: pieces.filter(({ text: own }) => own !== ''),
        whole
      };
    },
    place
  );
}

/** What a replacement field shows, and where its value comes from. */
function field(m: Machine, node: SyntaxNode): IBinding {
  m.work(300);
  const place = m.place(node.from);
  const parts = childrenOf(node).filter(({ name }) => !/^[{}]$/.test(name));
  const inner = parts.filter(({ name }) => !BEHIND.test(name));
  const part = (name: string) => parts.find(item => item.name === name);
  const binding: IBinding =
    inner.length === 1
      ? bindingOf(m, inner[0])
      : {
          value: m.unknown(
            inner
              .filter(({ name }) => /^[A-Z]/.test(name))
              .map(item => evaluate(m, item)),
            place
          ),
          place
        };
  const conversion = part('FormatConversion');
  const spec = part('FormatSpec');
  const debug = part('FormatSelfDoc');
  const specText = spec === undefined ? '' : specOf(m, spec);
  const sign = conversion ? textAt(m, conversion).slice(1) : '';
  const value = m.each(
    [binding.value],
    ([one]) => {
      if (specText === null) {
        return m.unknown([one], place);
      }
      const how = debug && !conversion && !spec ? 'r' : sign;
      const text = shown(one, how, specText, binding.place);
      return debug ? documented(m, node, debug, text) : text;
    },
    place
  );
  if (value.type === 'unknown') {
    m.unknown([binding.value], place);
  }
  return { ...binding, value };
}

/** A format specification, fields in it filled in; null where it isn't known. */
function specOf(m: Machine, node: SyntaxNode): string | null {
  const { source } = m.code;
  let text = '';
  let at = node.from + 1;
  let isKnown = true;
  for (const nested of node.getChildren('FormatReplacement')) {
    text += source.slice(at, nested.from);
    at = nested.to;
    const value = stringOf(field(m, nested).value);
    isKnown &&= value !== null;
    text += value ?? '';
  }
  text += source.slice(at, node.to);
  return isKnown && !/[\\{}\n]/.test(text) ? text : null;
}

/** `{name=}`: the expression as it is written, and its value. */
function documented(
  m: Machine,
  node: SyntaxNode,
  sign: SyntaxNode,
  value: Value
): Value {
  const { source } = m.code;
  const behind = /^\s*/.exec(source.slice(sign.to, node.to))![0];
  const written = source.slice(node.from + 1, sign.to) + behind;
  const text = stringOf(value);
  return text === null || /[\n#\\]/.test(written)
    ? unknown('run', m.place(node.from))
    : {
        type: 'text',
        pieces: [{ text: written + text, cell: -1, map: [] }],
        whole: null
      };
}
