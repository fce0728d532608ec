/** A text with its fields filled in, and which of its spans stand in no literal. */
import { applyEdits, sourceSpans } from '../../session/mapped';
import type { ITemplate } from '../../session/mapped';
import type { IField, IPromptText, ITextRun, Span } from '../../session/source';
import { applyStep } from '../../session/steps';

/** A span that can't be edited, since its text isn't written there. */
export interface IKept {
  readonly span: Span;
  /** The field that it is the value of; null where code builds it. */
  readonly field: string | null;
}

/** A text to be edited. */
export interface IFilled {
  readonly value: string;
  readonly map: readonly ITextRun[];
  /** In order and apart; the rest of the value is written in literals. */
  readonly kept: readonly IKept[];
}

/** Fill in a text as `fill` does, and find the spans that are to stay. */
export function fillIn(
  text: IPromptText,
  values: Readonly<Record<string, string>>
): IFilled {
  const before = text.before ?? { ...text, steps: [] };
  const isFilled = ({ name }: IField) => Object.hasOwn(values, name);
  const edits = before.fields.filter(isFilled).map(({ name, value }) => ({
    from: value[0],
    to: value[1],
    insert: values[name]
  }));
  let filled: ITemplate = applyEdits(before, edits);
  for (const step of before.steps) {
    filled = applyStep(filled, step);
  }
  const { value, map } = filled;
  /** By where they stand in the source. */
  const names = new Map<string, string>();
  for (const field of before.fields.filter(isFilled)) {
    const spans = sourceSpans(before.map, field.value);
    if (spans.length > 0) {
      names.set(`${spans[0][0]}:${spans[spans.length - 1][1]}`, field.name);
    }
  }
  const kept: IKept[] = [];
  const keep = (span: Span, field: string | null, isNew = true) => {
    const last = kept[kept.length - 1];
    if (span[0] < span[1]) {
      if (!isNew && last?.span[1] === span[0] && last.field === field) {
        kept[kept.length - 1] = { span: [last.span[0], span[1]], field };
      } else {
        kept.push({ span, field });
      }
    }
  };
  let at = 0;
  let place = '';
  for (const run of map) {
    keep([at, run.value[0]], null);
    const here = `${run.source[0]}:${run.source[1]}`;
    const name = names.get(here);
    if (name !== undefined) {
      keep(run.value, name, here !== place);
    }
    place = here;
    at = run.value[1];
  }
  keep([at, value.length], null);
  for (const field of filled.fields) {
    keep(field.value, field.name);
  }
  return { value, map, kept: kept.sort((a, b) => a.span[0] - b.span[0]) };
}
