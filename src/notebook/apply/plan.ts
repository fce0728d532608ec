/** Where the edits of a text go in the literals that it comes from. */
import { firstIndex, isPlain, runsWithin } from '../../session/mapped';
import type { IEdit } from '../../session/mapped';
import type { ITextRun, Span } from '../../session/source';
import type { IFilled } from './filled';
import type { IHolder } from './literals';
import { marginsOf, withMargins } from './margin';

/** Which signs a template's literals hold twice. */
export type Doubling = 'none' | 'braces' | 'percent';

/** The edits of one literal's value, in order and apart. */
export interface IHolderEdits {
  readonly holder: IHolder;
  readonly edits: readonly IEdit[];
}

/** What the edits of a text need to be placed. */
export interface IPlacing {
  readonly filled: IFilled;
  /** The literals that the text comes from, in the order of the source. */
  readonly holders: readonly IHolder[];
  readonly doubling: Doubling;
  /** Where the text stands in the source. */
  readonly span: Span;
  /** Whether lines that are added get the margin that `dedent` removes. */
  readonly isIndented: boolean;
  /** Where parts begin that are apart, such as turns. */
  readonly starts: ReadonlySet<number>;
}

/** An edit of a text, and where it goes: a span of the value of a literal. */
interface IPlaced {
  readonly index: number;
  readonly within: Span;
  readonly edit: IEdit;
}

/**
 * The edits of literals that make edits of a text; null where a part of one
 * stands in no literal.
 *
 * What is added where two literals meet goes to the end of the left one.
 *
 * @param edits - of the filled text, in order and apart; none touches a kept span.
 */
export function placeEdits(
  placing: IPlacing,
  edits: readonly IEdit[]
): IHolderEdits[] | null {
  const { filled, holders, doubling, isIndented } = placing;
  const placed: IEdit[][] = holders.map(() => []);
  const margins = isIndented
    ? seenIn(filled.map, holders).map((seen, index) =>
        marginsOf(holders[index].value, seen)
      )
    : [];
  const beginsLine = (at: number) => at === 0 || filled.value[at - 1] === '\n';
  for (const edit of edits) {
    const parts = partsOf(uncut(edit, filled), placing);
    if (parts === null) {
      return null;
    }
    for (const { index, within, edit: part } of parts) {
      const { value } = holders[index];
      const insert = double(part.insert, doubling);
      const inner = { from: within[0], to: within[1], insert };
      const own = margins[index] ?? null;
      placed[index].push(
        own !== null
          ? withMargins(
              value,
              own,
              inner,
              beginsLine(part.from),
              beginsLine(part.to)
            )
          : inner
      );
    }
  }
  const used: IHolderEdits[] = [];
  for (const [index, holder] of holders.entries()) {
    const own = placed[index].sort((a, b) => a.from - b.from || a.to - b.to);
    if (own.some(({ from }, at) => at > 0 && from < own[at - 1].to)) {
      return null;
    }
    if (own.length > 0) {
      used.push({ holder, edits: own });
    }
  }
  return used;
}

/** An edit that replaces whole what one character of the source became. */
function uncut({ from, to, insert }: IEdit, { value, map }: IFilled): IEdit {
  const around = (at: number) => {
    const run = map[firstIndex(map, item => item.value[1] > at)];
    return run && run.value[0] < at && !isPlain(run) ? run.value : [at, at];
  };
  const [start] = around(from);
  const [, end] = around(to);
  return {
    from: start,
    to: end,
    insert: value.slice(start, from) + insert + value.slice(to, end)
  };
}

/** An edit in parts, one for each literal; null where it stands in none. */
function partsOf(edit: IEdit, placing: IPlacing): IPlaced[] | null {
  const { filled, holders } = placing;
  if (edit.from === edit.to) {
    const place = placeOf(edit.from, placing);
    return place && [{ ...place, edit }];
  }
  const parts: IPlaced[] = [];
  let at = edit.from;
  for (const run of runsWithin(filled.map, [edit.from, edit.to])) {
    const from = Math.max(run.value[0], edit.from);
    const to = Math.min(run.value[1], edit.to);
    const source = sourceOf(run, from, to);
    const index = holderAt(holders, source);
    if (from > at || index === -1) {
      return null;
    }
    const [start, end] = valueOf(holders[index], source);
    const last = parts[parts.length - 1];
    const isSame =
      last?.index === index &&
      last.within[1] <= start &&
      // Margins, if anything; a field that is empty stays.
      /^\s*$/.test(holders[index].value.slice(last.within[1], start));
    if (isSame) {
      parts.pop();
    }
    parts.push({
      index,
      within: [isSame ? last.within[0] : start, end],
      edit: { from: isSame ? last.edit.from : from, to, insert: '' }
    });
    at = to;
  }
  return at < edit.to ? null : shared(edit.insert, parts, filled.value);
}

/**
 * Parts, and what is added instead: the first gets it. Where each literal holds
 * a line, each gets one.
 */
function shared(
  insert: string,
  parts: readonly IPlaced[],
  value: string
): IPlaced[] {
  let rest = insert;
  return parts.map((part, index) => {
    const { from, to } = part.edit;
    const holdsLine = value.slice(from, to).endsWith('\n');
    const line = rest.indexOf('\n') + 1;
    const isAll = index === parts.length - 1 || !holdsLine || line === 0;
    const length = isAll ? rest.length : line;
    const own = { from, to, insert: rest.slice(0, length) };
    rest = rest.slice(length);
    return { ...part, edit: own };
  });
}

/** Where something goes that is added at a place of the text. */
function placeOf(
  at: number,
  { filled: { value, map }, holders, span, starts }: IPlacing
): Omit<IPlaced, 'edit'> | null {
  const left = map[firstIndex(map, run => run.value[1] >= at)];
  const right = map[firstIndex(map, run => run.value[1] > at)];
  if (!starts.has(at) && left && left.value[0] < at) {
    const source = sourceOf(left, left.value[0], at);
    const index = holderAt(holders, source);
    const end = index === -1 ? 0 : valueOf(holders[index], source)[1];
    return index === -1 ? null : { index, within: [end, end] };
  }
  if (right && right.value[0] <= at) {
    const source = sourceOf(right, at, right.value[1]);
    const index = holderAt(holders, source);
    const start = index === -1 ? 0 : valueOf(holders[index], source)[0];
    return index === -1 ? null : { index, within: [start, start] };
  }
  // Of an empty text, the first literal that is empty, too.
  const index = holders.findIndex(
    ({ body, value: text }) =>
      span[0] <= body[0] && body[1] <= span[1] && text.trim() === ''
  );
  return value === '' && index !== -1 ? { index, within: [0, 0] } : null;
}

/** The spans of each literal's value that are part of the text. */
function seenIn(
  map: readonly ITextRun[],
  holders: readonly IHolder[]
): Span[][] {
  const seen: Span[][] = holders.map(() => []);
  for (const { source } of map) {
    const index = holderAt(holders, source);
    if (index !== -1) {
      seen[index].push(valueOf(holders[index], source));
    }
  }
  return seen;
}

/** The literal that a span of the source lies in; -1: none. */
function holderAt(holders: readonly IHolder[], [from, to]: Span): number {
  const index = firstIndex(holders, ({ body }) => body[1] >= to);
  return index < holders.length && holders[index].body[0] <= from ? index : -1;
}

/** The span of a literal's value that comes from a span of its source. */
function valueOf({ map }: IHolder, [from, to]: Span): Span {
  const first = map[firstIndex(map, ({ source }) => source[1] > from)];
  const last = map[firstIndex(map, ({ source }) => source[1] >= to)];
  const start = isPlain(first) ? Math.max(from - first.source[0], 0) : 0;
  const end = isPlain(last) ? last.source[1] - to : 0;
  return [first.value[0] + start, last.value[1] - end];
}

/** The source of a part of a run. */
function sourceOf(run: ITextRun, from: number, to: number): Span {
  const shift = run.source[0] - run.value[0];
  return isPlain(run) ? [from + shift, to + shift] : run.source;
}

function double(text: string, doubling: Doubling): string {
  switch (doubling) {
    case 'none':
      return text;
    case 'braces':
      return text.replace(/[{}]/g, '$&$&');
    case 'percent':
      return text.replace(/%/g, '%%');
  }
}
