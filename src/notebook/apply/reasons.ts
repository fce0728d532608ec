/** Why an edit can't be written into its cell, in words. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { IEdit } from '../../session/mapped';
import type { ISuggestion, Span } from '../../session/source';
import { editsOf } from './diff';
import type { IFilled, IKept } from './filled';
import type { IHolder } from './literals';

/** Why an edit of a part of a text can't be made: what is to stay isn't all in it. */
export function ofKept(
  { value, kept }: IFilled,
  {
    span: [start, end],
    after
  }: { readonly span: Span; readonly after: string },
  values: Readonly<Record<string, string>>,
  suggestions: Readonly<Record<string, ISuggestion>>,
  trans: TranslationBundle
): string {
  const inside = kept.filter(({ span }) => span[0] >= start && span[1] <= end);
  let at = 0;
  const areThere = inside.every(({ span }) => {
    const found = after.indexOf(value.slice(...span), at);
    at = found + span[1] - span[0];
    return found !== -1;
  });
  if (areThere) {
    return trans.__(
      'The edit changes too much at once to tell the values of fields from the rest. Apply it in smaller steps.'
    );
  }
  const edits = editsOf(value.slice(start, end), after, []) ?? [];
  const isTouched = ({ span }: IKept) =>
    edits.some(
      ({ from, to }) => from < span[1] - start && to > span[0] - start
    );
  const { field } = inside.find(isTouched) ?? inside[0];
  if (field === null) {
    return trans.__(
      'The edit changes a part that code builds and that is no string of this cell. Change it there.'
    );
  }
  if (!Object.hasOwn(values, field)) {
    return trans.__(
      'The edit changes the field “%1”. Fields can only be changed in the cell.',
      field
    );
  }
  const found = Object.hasOwn(suggestions, field) ? suggestions[field] : null;
  return found?.value === values[field]
    ? trans.__(
        'The edit changes the value of the field “%1”, which comes from %2. Change it there.',
        field,
        found.from
      )
    : trans.__(
        'The edit changes the value of the field “%1”, which you gave in the panel. Choose “Use the original text”, and change it in its own input.',
        field
      );
}

/** Why a literal can't be written so. */
export function ofLiteral(
  { opening, closing }: IHolder,
  edits: readonly IEdit[],
  trans: TranslationBundle
): string {
  const added = edits.map(({ insert }) => insert).join('');
  if (/\p{Surrogate}/u.test(added)) {
    return trans.__(
      'The text has half of a surrogate pair, which no string can hold at run time.'
    );
  }
  if (!/r/i.test(opening)) {
    return trans.__('No spelling of the string gives exactly this text.');
  }
  const what = added.includes(closing[0])
    ? closing[0]
    : added.includes('\n')
      ? trans.__('a line break')
      : added.includes('\\')
        ? '\\'
        : null;
  return what === null
    ? trans.__(
        'The string is a raw one (%1…%2), which can’t hold exactly this text.',
        opening,
        closing
      )
    : trans.__(
        'The string is a raw one (%1…%2), which can’t hold %3 here. Remove the “r” in the cell first.',
        opening,
        closing,
        what
      );
}

/** Why the text would read otherwise. */
export function ofReading(
  source: string,
  span: Span,
  trans: TranslationBundle
): string {
  const code = source.slice(...span);
  const step = /\.[lr]?strip\b|\bdedent\b|\bcleandoc\b/.exec(code)?.[0];
  return step === undefined
    ? trans.__(
        'Read again, the cell would give another text than the one in the panel.'
      )
    : trans.__(
        'Read again, the cell would give another text: “%1” would change what you wrote.',
        step
      );
}
