/** Templates of libraries as texts with fields. */
import type { IMapped } from '../../session/mapped';
import { buildTemplate, readFormat, readPercent } from './format';
import type { IArguments, IFormatted } from './format';
import { scan } from './placeholders';
import type { Syntax } from './placeholders';
import type { IFindContext } from './types';

/** How a template is written. */
export interface IWriting {
  readonly syntax: 'format' | 'percent' | Syntax;
  /** Whether it is left as it is where a placeholder isn't written right. */
  readonly isLenient?: boolean;
  /** Whether Jinja keeps the line's end at the template's end. */
  readonly keepsEnd?: boolean;
  /** Whether Jinja may refuse, or write otherwise, a name without a value. */
  readonly isStrict?: boolean;
  /** Whether Jinja may escape HTML in values. */
  readonly mayEscape?: boolean;
}

/** What a template is read as. */
export interface ITemplateText extends IFormatted {
  /** Whether it is no more than a text with fields; else it is as it is written. */
  readonly isPlain: boolean;
}

/** Any number of arguments. */
export const ANY: IArguments = {
  positional: [],
  keyword: new Map(),
  open: true
};

/** Read a template. */
export function readTemplate(
  text: IMapped,
  { syntax, isLenient = false, keepsEnd }: IWriting,
  context: IFindContext,
  args: IArguments = ANY
): ITemplateText {
  if (syntax === 'format' || syntax === 'percent') {
    const read = syntax === 'format' ? readFormat : readPercent;
    return { ...read(text, args, context), isPlain: true };
  }
  const { trans } = context;
  const { edits, places, unmatched, tag } = scan(syntax, text.value, keepsEnd);
  const problems = new Set<string>();
  if (tag !== null) {
    problems.add(
      trans.__(
        '“%1” decides at run time what the text is. This is the template as it is written.',
        tag
      )
    );
  }
  if (!isLenient) {
    unmatched.forEach(sign =>
      problems.add(trans.__('A “%1” is unmatched.', sign))
    );
  }
  if (tag !== null || (unmatched.length > 0 && syntax !== 'dollar')) {
    const { value, map } = text;
    return { value, map, fields: [], problems: [...problems], isPlain: false };
  }
  const placed = places.map(({ from, to, name }) => ({
    from,
    to,
    field: {
      name,
      expression: text.value.slice(from, to),
      wanted: null,
      format: ''
    }
  }));
  return { ...buildTemplate(text, edits, placed, problems), isPlain: true };
}
