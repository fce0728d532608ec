/** Fills in the fields of a template. */
import { applyEdits } from './mapped';
import type { IPromptText, ITextRun } from './source';
import { applyStep } from './steps';

/**
 * Fill in a template's fields.
 *
 * A field that `values` doesn't name stays as it is, braces included. A filled
 * value's source is its field, braces included. Steps after filling in
 * (`f"…".strip()`) are applied again, since they may depend on the values.
 */
export function fill(
  text: IPromptText,
  values: Readonly<Record<string, string>>
): { value: string; map: ITextRun[] } {
  const before = text.before ?? { ...text, steps: [] };
  let filled = applyEdits(
    before,
    before.fields
      .filter(field => Object.hasOwn(values, field.name))
      .map(field => ({
        from: field.value[0],
        to: field.value[1],
        insert: values[field.name]
      }))
  );
  for (const step of before.steps) {
    filled = applyStep(filled, step);
  }
  return { value: filled.value, map: filled.map };
}
