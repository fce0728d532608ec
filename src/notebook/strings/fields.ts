/** Replacement fields of f-strings, as Python 3.12 and earlier write them. */

import type { Span } from '../../session/source';

/** One field `{expression=!r:spec}`; positions in the source. */
export interface IScannedField {
  /** After the closing brace. */
  readonly to: number;
  readonly expression: string;
  /** What follows the expression: `=`, `!r`, `:>10`, as written. */
  readonly format: string;
}

/** Python's limit on nested fields. */
const MAX_DEPTH = 149;

/**
 * Read the field that opens at `open`.
 *
 * Returns null when it isn't closed before `limit`, holds no expression, or
 * nests deeper than Python takes.
 *
 * @param depth - how many fields it is within.
 */
export function scanField(
  source: string,
  open: number,
  limit: number,
  depth = 0
): IScannedField | null {
  if (depth > MAX_DEPTH) {
    return null;
  }
  const comments: Span[] = [];
  const expressionEnd = skipExpression(
    source,
    open + 1,
    limit,
    depth,
    comments
  );
  if (expressionEnd === null) {
    return null;
  }
  const to = skipFormat(source, expressionEnd, limit, depth);
  if (to === null) {
    return null;
  }
  let expression = '';
  let at = open + 1;
  for (const [start, end] of [...comments, [expressionEnd, to] as const]) {
    expression += source.slice(at, start);
    at = end;
  }
  let format = source.slice(expressionEnd, to - 1);
  const debug = /(^|[^=!<>])=\s*$/.exec(expression);
  if (debug !== null) {
    const sign = debug.index + debug[1].length;
    format = expression.slice(sign).trim() + format;
    expression = expression.slice(0, sign);
  }
  expression = expression.trim();
  return expression === '' ? null : { to, expression, format };
}

/** Position of the `!`, `:` or `}` that ends the expression; notes comments. */
function skipExpression(
  source: string,
  from: number,
  limit: number,
  within: number,
  comments: Span[]
): number | null {
  let depth = 0;
  for (let at = from; at < limit; at++) {
    const unit = source[at];
    if (unit === '"' || unit === "'") {
      const end = skipString(source, at, from, limit, within);
      if (end === null) {
        return null;
      }
      at = end - 1;
    } else if (unit === '#') {
      // The rest of the source isn't part of this literal.
      const length = source.slice(at, limit).indexOf('\n');
      if (length === -1) {
        return null;
      }
      comments.push([at, at + length]);
      at += length;
    } else if ('([{'.includes(unit)) {
      depth++;
    } else if (depth > 0 && ')]}'.includes(unit)) {
      depth--;
    } else if (
      depth === 0 &&
      (unit === '}' || unit === ':' || (unit === '!' && source[at + 1] !== '='))
    ) {
      return at;
    }
  }
  return null;
}

/** Position after the `}` that ends conversion and format. */
function skipFormat(
  source: string,
  from: number,
  limit: number,
  within: number
): number | null {
  let at = from;
  if (source[at] === '!') {
    while (at < limit && source[at] !== ':' && source[at] !== '}') {
      at++;
    }
  }
  for (; at < limit; at++) {
    if (source[at] === '}') {
      return at + 1;
    }
    if (source[at] === '{') {
      const nested = scanField(source, at, limit, within + 1);
      if (nested === null) {
        return null;
      }
      at = nested.to - 1;
    }
  }
  return null;
}

/** Position after the string whose opening quote is at `at`. */
function skipString(
  source: string,
  at: number,
  from: number,
  limit: number,
  within: number
): number | null {
  let prefix = at;
  while (prefix > from && /[A-Za-z]/.test(source[prefix - 1])) {
    prefix--;
  }
  const isFormat = /[ft]/i.test(source.slice(prefix, at));
  const one = source[at];
  const quote = source.startsWith(one.repeat(3), at) ? one.repeat(3) : one;
  for (let end = at + quote.length; end < limit; end++) {
    if (source.startsWith(quote, end)) {
      return end + quote.length;
    }
    if (source[end] === '\\') {
      end++;
    } else if (isFormat && source.startsWith('{{', end)) {
      end++;
    } else if (isFormat && source[end] === '{') {
      const nested = scanField(source, end, limit, within + 1);
      if (nested === null) {
        return null;
      }
      end = nested.to - 1;
    }
  }
  return null;
}
