/** The literals of a source as texts that can be written anew. */
import { MappedBuilder, plain } from '../../session/mapped';
import type { ITextRun, Span } from '../../session/source';
import { decodeLiteral, splitLiteral } from '../strings/literal';
import type { IFindContext, IFoundField } from '../strings/types';

/** A stretch of a source that holds a text: a literal, or text as it is. */
export interface IHolder {
  /** Before the text: prefix and quote; empty for a text as it is. */
  readonly opening: string;
  /** After it. */
  readonly closing: string;
  /** Where its text stands in the source, as it is written. */
  readonly body: Span;
  /** Its value, and the map to the source. */
  readonly value: string;
  readonly map: readonly ITextRun[];
  /** Spans of the value that are an f-string's fields. */
  readonly fields: readonly Span[];
  /** Number of errors in it, such as incomplete escapes. */
  readonly problems: number;
}

/** The literals of a source that are texts, in order. */
export function holdersOf(
  source: string,
  literals: readonly Span[],
  context: IFindContext
): IHolder[] {
  return literals.flatMap(
    ([from, to]) => readHolder(source, from, to, context) ?? []
  );
}

/** The literal at `[from, to)`; null when it is none, or isn't closed. */
export function readHolder(
  source: string,
  from: number,
  to: number,
  context: IFindContext
): IHolder | null {
  const literal = splitLiteral(source, from, to);
  if (literal === null || literal.bytes || !literal.closed) {
    return null;
  }
  const decoded = {
    builder: new MappedBuilder(),
    fields: [] as IFoundField[],
    problems: new Set<string>()
  };
  decodeLiteral(source, literal, context, decoded);
  const { value, map } = decoded.builder.build();
  return {
    opening: source.slice(from, literal.from),
    closing: source.slice(literal.to, to),
    body: [literal.from, literal.to],
    value,
    map,
    fields: decoded.fields.map(field => field.value),
    problems: decoded.problems.size
  };
}

/** A span of a source that is text as it is. */
export function asItIs(source: string, [from, to]: Span): IHolder {
  const { value, map } = plain(source.slice(from, to), from);
  return {
    opening: '',
    closing: '',
    body: [from, to],
    value,
    map,
    fields: [],
    problems: 0
  };
}
