/** Writing an edited prompt back into the literals that it comes from. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IEdit } from '../../session/mapped';
import type { ISuggestion, Span } from '../../session/source';
import { fill } from '../../session/template';
import { asShown, toEditor, toSource } from '../breaks';
import { isPython } from '../strings/finder';
import type { StringFinder } from '../strings/finder';
import type { IFindContext, IFoundText } from '../strings/types';
import { editsOf } from './diff';
import { fillIn } from './filled';
import type { IFilled } from './filled';
import { asItIs, holdersOf } from './literals';
import { placeEdits } from './plan';
import type { Doubling, IPlacing } from './plan';
import { ofKept, ofLiteral, ofReading } from './reasons';
import { spell } from './spell';
import { verify } from './verify';
import type { IPlacedText, IVerified, IWanted } from './verify';

/**
 * Edits of a cell's source, sorted and not overlapping, and what they lead to.
 */
export interface IApplication extends IVerified {
  readonly edits: readonly IEdit[];
}

/** Why a text can't be applied, in words. */
export interface IRefusal {
  readonly reason: string;
}

/** Signs that mean something in strings of some language. */
const SIGNS = /[^\p{L}\p{M}\p{N} .,:;?!()_-]/u;

/**
 * The edits of a cell's source after which it reads just as the user wrote, with
 * the same fields; or why there are none. Nothing is written.
 */
export async function planEdits(
  place: IPlacedText,
  wanted: IWanted,
  suggestions: Readonly<Record<string, ISuggestion>>,
  {
    finder,
    trans
  }: { readonly finder: StringFinder; readonly trans: TranslationBundle }
): Promise<IApplication | IRefusal> {
  const { notebook, index, origin, text } = place;
  const { source } = notebook.cells[index];
  if (origin.what === 'output' || origin.what === 'shown') {
    return {
      reason: trans.__(
        'This text is what the notebook shows, and not written in a cell. Change the code that makes it.'
      )
    };
  }
  const filled = fillIn(text, wanted.values);
  const parts = partsOf(text, wanted, trans);
  if ('reason' in parts) {
    return parts;
  }
  const edits: IEdit[] = [];
  for (const part of parts) {
    const found = editsOfPart(filled, part);
    if (found === null) {
      const reason = ofKept(filled, part, wanted.values, suggestions, trans);
      return { reason };
    }
    edits.push(...found);
  }
  const isString = origin.what === 'string' && text.kind !== 'raw';
  if (isString && !isPython(notebook.language)) {
    if (text.problem || edits.some(({ insert }) => SIGNS.test(insert))) {
      return {
        reason: trans.__(
          'In strings of a language other than Python, only letters, figures, blanks and plain punctuation can be applied.'
        )
      };
    }
  }
  const hasLiterals = isString && isPython(notebook.language);
  const literals = hasLiterals ? await finder.literals(source) : null;
  if (hasLiterals && literals === null) {
    return { reason: trans.__('Reading the cell’s strings takes too long.') };
  }
  const holders = literals
    ? holdersOf(source, literals.spans, literals.context)
    : [asItIs(source, isString ? writtenIn(text) : text.span)];
  const starts = new Set(parts.map(({ span }) => span[0]));
  let reason = '';
  let last = '';
  for (const doubling of doublingsOf(text)) {
    for (const isIndented of [true, false]) {
      const placing = {
        filled,
        holders,
        doubling,
        span: text.span,
        isIndented,
        starts
      };
      const tried = writeOut(source, placing, edits, literals?.context, trans);
      if ('reason' in tried) {
        reason ||= tried.reason;
        continue;
      }
      const now = JSON.stringify(tried.edits);
      if (now === last) {
        continue;
      }
      last = now;
      const read = await verify(place, tried.edits, wanted, finder);
      if ('origin' in read) {
        return { ...read, edits: tried.edits };
      }
      reason ||= read.remark || ofReading(source, text.span, trans);
    }
  }
  return { reason };
}

/** A part of the text that is edited by itself, and what it becomes. */
interface IEditedPart {
  readonly span: Span;
  readonly after: string;
}

/** The text, or the texts of its turns. */
function partsOf(
  text: IFoundText,
  { values, prompt, turns }: IWanted,
  trans: TranslationBundle
): IEditedPart[] | IRefusal {
  const { value, turns: spans } = fill(text, values);
  if (!spans) {
    return turns === null
      ? [{ span: [0, value.length], after: prompt }]
      : { reason: trans.__('The text in the cell is not a conversation.') };
  }
  const isAlike =
    turns?.length === spans.length &&
    turns.every(({ role }, at) => role === spans[at].role);
  return isAlike
    ? turns.map(({ text: after }, at) => ({ span: spans[at].value, after }))
    : {
        reason: trans.__(
          'Turns were added, removed or moved, or have another role. Only the texts of turns can be applied.'
        )
      };
}

/** The edits of a part, as edits of the text; null where they touch what is to stay. */
function editsOfPart(
  { value, kept }: IFilled,
  { span: [start, end], after }: IEditedPart
): IEdit[] | null {
  const before = value.slice(start, end);
  const inside = kept
    .map(({ span }) => span)
    .filter(([from, to]) => from >= start && to <= end)
    .map(([from, to]): Span => [from - start, to - start]);
  // A text field has turned all line breaks into line feeds.
  const isShown = before.includes('\r') && !after.includes('\r');
  const [shown, back] = isShown
    ? [toEditor(before), toSource(before)]
    : [(at: number) => at, (at: number) => at];
  const edits = editsOf(
    isShown ? asShown(before) : before,
    after,
    inside.map(([from, to]) => [shown(from), shown(to)] as const)
  );
  return (
    edits &&
    edits.map(({ from, to, insert }) => ({
      from: back(from) + start,
      to: back(to) + start,
      insert
    }))
  );
}

/** Where the value of a string of another language stands. */
function writtenIn({ map, span }: IFoundText): Span {
  return map.length === 0
    ? [span[1], span[1]]
    : [map[0].source[0], map[map.length - 1].source[1]];
}

/** Which signs a text's literals may hold twice. */
function doublingsOf({ kind, value, fields, before }: IFoundText): Doubling[] {
  if (kind !== 'template') {
    return ['none'];
  }
  const [first] = before?.fields ?? fields;
  if (first === undefined) {
    return ['braces', 'percent'];
  }
  const at = first.value[0];
  return [(before?.value ?? value)[at] === '%' ? 'percent' : 'braces'];
}

/** Edits of the text as edits of the source; or why there are none. */
function writeOut(
  source: string,
  placing: IPlacing,
  edits: readonly IEdit[],
  context: IFindContext | undefined,
  trans: TranslationBundle
): { edits: IEdit[] } | IRefusal {
  const placed = placeEdits(placing, edits);
  if (placed === null) {
    return {
      reason: trans.__(
        'The edit changes a part that is no string of this cell: code builds it. Change it there.'
      )
    };
  }
  const written: IEdit[] = [];
  for (const { holder, edits: own } of placed) {
    const spelled = spell(source, holder, own, context);
    if (spelled === null) {
      return { reason: ofLiteral(holder, own, trans) };
    }
    written.push(...spelled);
  }
  return { edits: written };
}
