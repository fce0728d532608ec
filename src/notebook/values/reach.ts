/** Which texts of a cell are templates: those that a `.format` or `%` reaches. */
import { readFormat, readPercent } from '../strings/format';
import { MOST_PROBLEMS } from '../strings/python';
import type { IFindContext, IFoundText } from '../strings/types';
import type { IReach } from './sightings';
import type { IRun } from './run';
import { stringOf } from './value';

/** The texts of cell `index`; those that calls fill in are templates. */
export function templatesOf(
  found: readonly IFoundText[],
  run: IRun,
  index: number,
  context: IFindContext
): IFoundText[] {
  return found.map(text => {
    if (text.kind !== 'string') {
      return text;
    }
    const reaches = run.reaches.filter(reach => isOf(reach, text, index));
    return reaches.length === 0 ? text : asTemplate(text, reaches, context);
  });
}

/** Whether a call fills in just this text. */
function isOf({ text }: IReach, found: IFoundText, index: number): boolean {
  const { whole } = text;
  return (
    whole !== null &&
    whole.cell === index &&
    found.span[0] <= whole.from &&
    whole.to <= found.span[1] &&
    stringOf(text) === found.value
  );
}

/** A template, with the arguments of the first call that fills it in. */
function asTemplate(
  text: IFoundText,
  [{ how, args }, ...others]: readonly IReach[],
  context: IFindContext
): IFoundText {
  const read = how === 'format' ? readFormat : readPercent;
  // What one of several calls leaves out, another may give.
  const open = args.open || others.length > 0;
  const { problems, ...template } = read(text, { ...args, open }, context);
  const found = [...(text.problem ? [text.problem] : []), ...problems];
  return {
    ...text,
    ...template,
    kind: 'template',
    ...(found.length > 0
      ? { problem: found.slice(0, MOST_PROBLEMS).join(' ') }
      : {})
  };
}
