/** Filling libraries' templates with known values. */
import { scan } from '../strings/placeholders';
import type { IPlaceholder } from '../strings/placeholders';
import type { IWriting } from '../strings/library';
import { item } from './operators';
import { printed } from './print';
import { fillFormat, joined, partOf } from './templates';
import type { IFilled, IFilledTemplate, IFilling } from './templates';
import { cutText, placeIn } from './text';
import { computed, stringOf, unknown } from './value';
import type { IBinding, IPlace, ITextValue, Value } from './value';

/** Names that are a dictionary's methods before they are its keys, in Jinja. */
const DICT_NAMES =
  /^(__.*|clear|copy|fromkeys|get|items|keys|pop|popitem|setdefault|update|values)$/;

/** Fill a library's template, of whose parts none is open. */
export function fillWritten(
  template: ITextValue,
  writing: IWriting,
  filling: IFilling,
  place: IPlace
): IFilledTemplate {
  if (writing.syntax === 'format') {
    return fillFormat(template, filling, place);
  }
  if (writing.syntax === 'percent') {
    return { value: null, fields: [] };
  }
  const string = stringOf(template)!;
  const { edits, places, unmatched, tag } = scan(
    writing.syntax,
    string,
    writing.keepsEnd
  );
  if (tag !== null) {
    return { value: null, fields: [] };
  }
  const parts: ITextValue[] = [];
  const fields: IFilled[] = [];
  const changes = [...edits, ...places].sort((a, b) => a.from - b.from);
  let at = 0;
  for (const change of changes) {
    parts.push(cutText(template, at, change.from));
    at = change.to;
    if ('insert' in change) {
      parts.push(computed(change.insert));
      continue;
    }
    const binding = valueOf(change, template, writing, filling, place);
    fields.push({ place: placeIn(template, change.from), binding });
    const written = string.slice(change.from, change.to);
    const label = change.path?.join('.') ?? written;
    parts.push(partOf(binding.value, template, change.from, written, label));
  }
  parts.push(cutText(template, at, string.length));
  const isRight = unmatched.length === 0 || writing.isLenient === true;
  return { value: isRight ? joined(parts) : null, fields };
}

/** What stands for a placeholder: a text, or unknown. */
function valueOf(
  { from, to, path, isEscaped }: IPlaceholder,
  template: ITextValue,
  writing: IWriting,
  filling: IFilling,
  place: IPlace
): IBinding {
  const lost: IBinding = { value: unknown('run', place), place };
  if (path === null) {
    return lost;
  }
  const [name, ...keys] = path;
  const bound = filling.keyword.get(name);
  if (bound === undefined) {
    if (filling.open !== null) {
      return { value: filling.open, place };
    }
    // Templates differ in what they make of a name without a value.
    const { syntax } = writing;
    const isEmpty = syntax === 'mustache' || syntax === 'jinja';
    return isEmpty && keys.length === 0 && !writing.isStrict
      ? { value: computed(''), place }
      : syntax === 'braces' || (syntax === 'dollar' && writing.isLenient)
        ? { value: cutText(template, from, to), place }
        : lost;
  }
  let { value } = bound;
  for (const key of keys) {
    const isKnown = value.type === 'dict' && !DICT_NAMES.test(key);
    const inner = isKnown ? item(value, computed(key)) : null;
    if (inner === null) {
      return value.type === 'unknown' ? { ...bound, value } : lost;
    }
    value = inner;
  }
  if (value.type === 'choice') {
    const options = value.options.map(option => ({
      ...option,
      value: shownBy(writing, option.value, isEscaped, place)
    }));
    return { ...bound, value: { ...value, options } };
  }
  return { ...bound, value: shownBy(writing, value, isEscaped, place) };
}

function shownBy(
  { syntax, mayEscape }: IWriting,
  value: Value,
  isEscaped: boolean,
  place: IPlace
): Value {
  if (value.type === 'unknown') {
    return value;
  }
  const isEmpty =
    syntax === 'mustache' &&
    (value.type === 'none' ||
      (value.type === 'list' && value.items.length === 0) ||
      (value.type === 'tuple' && value.items.length === 0) ||
      (value.type === 'dict' && value.entries.size === 0));
  const text = isEmpty ? '' : printed(value);
  if (text === null || (mayEscape && /[&<>"']/.test(text))) {
    return value.type === 'text' && text === null
      ? value
      : unknown('run', place);
  }
  if (isEscaped && /[&<>"]/.test(text)) {
    return computed(
      text
        .replace(/&/g, '&amp;')
        .replace(/"/g, '&quot;')
        .replace(/</g, '&lt;')
        .replace(/>/g, '&gt;')
    );
  }
  return value.type === 'text' ? value : computed(text);
}
