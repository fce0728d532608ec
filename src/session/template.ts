/** Fills in the fields of a template. */
import { applyEdits } from './mapped';
import type { IEdit, IMapped } from './mapped';
import type { IMarker, IPromptText, ITextRun, ITurnSpan } from './source';
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
): { value: string; map: ITextRun[]; turns?: ITurnSpan[] } {
  if (text.markers !== undefined) {
    return fillMarkers(text, text.markers, values);
  }
  const before = text.before ?? { ...text, steps: [] };
  const edits = before.fields
    .filter(field => Object.hasOwn(values, field.name))
    .map(field => ({
      from: field.value[0],
      to: field.value[1],
      insert: values[field.name]
    }));
  let filled = applyEdits(before, edits);
  for (const step of before.steps) {
    filled = applyStep(filled, step);
  }
  return {
    value: filled.value,
    map: filled.map,
    ...(text.turns && { turns: movedTurns(text.turns, edits) })
  };
}

/** Replace markers by values, one after the other, as `str.replace` does. */
function fillMarkers(
  text: IMapped,
  markers: readonly IMarker[],
  values: Readonly<Record<string, string>>
): { value: string; map: ITextRun[] } {
  let { value, map } = text;
  for (const { name, marker, value: fixed, count = Infinity } of markers) {
    const insert =
      fixed ?? (Object.hasOwn(values, name) ? values[name] : undefined);
    if (insert === undefined) {
      continue;
    }
    const edits: IEdit[] = [];
    let at = value.indexOf(marker);
    while (at !== -1 && edits.length < count) {
      const to = at + marker.length;
      edits.push({ from: at, to, insert });
      at = value.indexOf(marker, to);
    }
    ({ value, map } = applyEdits({ value, map, fields: [] }, edits));
  }
  return { value, map: [...map] };
}

/** Where turns come to lie. Each edit lies within one of them. */
function movedTurns(
  turns: readonly ITurnSpan[],
  edits: readonly IEdit[]
): ITurnSpan[] {
  let shift = 0;
  let next = 0;
  return turns.map(({ role, value: [start, end] }) => {
    const begin = start + shift;
    for (; next < edits.length && edits[next].to <= end; next++) {
      const { from, to, insert } = edits[next];
      shift += insert.length - (to - from);
    }
    return { role, value: [begin, end + shift] };
  });
}
