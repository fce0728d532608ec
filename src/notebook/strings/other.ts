/** Strings of languages other than Python, as their parsers mark them. */
import type { Parser, Tree } from '@lezer/common';

import { plain } from '../../session/mapped';
import type { Span } from '../../session/source';
import type { IFindContext, IFoundText } from './types';

const QUOTES = ['"""', "'''", '"', "'", '`'];

/**
 * Find the strings of a source in any language that the editor can parse.
 *
 * A string is what the parser calls one: grammars name the node; line by line
 * highlighters (R, Julia) name pieces, which are joined over line breaks.
 * Escapes stay as they are written, with a remark.
 */
export function findOtherStrings(
  source: string,
  parser: Parser,
  { trans }: IFindContext,
  tree: Tree = parser.parse(source)
): IFoundText[] {
  const spans: [number, number][] = [];
  tree.iterate({
    enter: ({ name, from, to }) => {
      if (!/^(string|templatestring)/i.test(name)) {
        return true;
      }
      const last = spans[spans.length - 1];
      if (
        last !== undefined &&
        (last[1] === from ||
          (isOpen(source, last) && /^\s*$/.test(source.slice(last[1], from))))
      ) {
        last[1] = to;
      } else {
        spans.push([from, to]);
      }
      return false;
    }
  });
  return spans.map(span => {
    const [from, to] = inner(source, span);
    const value = source.slice(from, to);
    return {
      kind: 'string',
      ...plain(value, from),
      fields: [],
      span,
      ...(value.includes('\\')
        ? {
            problem: trans.__('Escape sequences are left as they are written.')
          }
        : {})
    };
  });
}

/** Whether a piece's quote is still to be closed. */
function isOpen(source: string, span: Span): boolean {
  const [from, to] = inner(source, span);
  return from !== span[0] && to === span[1];
}

/** The part between the quotes. */
function inner(source: string, [from, to]: Span): Span {
  const text = source.slice(from, to);
  const prefix = /^[A-Za-z]{0,2}/.exec(text)![0];
  const rest = text.slice(prefix.length);
  const quote = QUOTES.find(item => rest.startsWith(item));
  if (quote === undefined) {
    return [from, to];
  }
  const start = from + prefix.length + quote.length;
  const end = to - quote.length;
  return [start, end >= start && source.startsWith(quote, end) ? end : to];
}
