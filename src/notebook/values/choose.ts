/** Values that are one of several, such as a name's after a branch or a loop. */
import { charge } from './meter';
import { stringOf, unknown } from './value';
import type { Cause, IBinding, IChoice, IOption, IPlace, Value } from './value';

/** Limit on the options of a choice. */
export const MAX_OPTIONS = 20;

/** Limit on the combinations of options that are evaluated. */
const MAX_WAYS = 400;

/** Whether two values are certainly the same. */
export function isSame(one: Value, other: Value): boolean {
  if (one === other) {
    return true;
  }
  if (one.type === 'text' && other.type === 'text') {
    const text = stringOf(one);
    return text !== null && text === stringOf(other);
  }
  switch (one.type) {
    case 'int':
    case 'bool':
      return other.type === one.type && other.value === one.value;
    case 'float':
      return other.type === 'float' && Object.is(other.value, one.value);
    case 'none':
      return other.type === 'none';
    case 'builtin':
    case 'module':
      return other.type === one.type && other.name === one.name;
    case 'library':
      return (
        other.type === 'library' &&
        other.family === one.family &&
        other.name === one.name
      );
    default:
      return false;
  }
}

/** The options of a value; a value that isn't a choice is the only one. */
export function optionsOf({ value, place }: IBinding): readonly IOption[] {
  return value.type === 'choice' ? value.options : [{ value, place }];
}

/**
 * One of several values.
 *
 * @param each - whether each of them occurs.
 * @param place - of the code that chooses.
 * @param lose - called with each option if the choice isn't known: code that
 *   changes it changes them.
 */
export function choose(
  bindings: readonly IBinding[],
  each: boolean,
  cause: Cause,
  place: IPlace,
  lose: (value: Value) => void
): IBinding {
  const options: IOption[] = [];
  let lost: Value | null = null;
  for (const option of bindings.flatMap(optionsOf)) {
    if (option.value.type === 'unknown') {
      lost ??= option.value;
    } else if (
      // With too many options, the value isn't known anyway.
      options.length > MAX_OPTIONS ||
      !options.some(({ value }) => isSame(value, option.value))
    ) {
      options.push(option);
    }
  }
  if (lost !== null && options.length === 0) {
    return bindings.find(({ value }) => value.type === 'unknown')!;
  }
  if (lost !== null || options.length > MAX_OPTIONS) {
    options.forEach(option => lose(option.value));
    return { value: unknown(cause, place), place };
  }
  return options.length === 1
    ? options[0]
    : { value: { type: 'choice', options, each }, place: options[0].place };
}

/** Apply a function to values, or to each combination of their options. */
export function lift(
  values: readonly Value[],
  work: (values: readonly Value[]) => Value,
  place: IPlace,
  lose: (value: Value) => void
): Value {
  const at = values.findIndex(({ type }) => type === 'choice');
  if (at === -1) {
    return work(values);
  }
  const choice = values[at] as IChoice;
  const ways = values.reduce(
    (product, value) =>
      product * (value.type === 'choice' ? value.options.length : 1),
    1
  );
  if (ways > MAX_WAYS) {
    values.forEach(lose);
    return unknown('limit', place);
  }
  charge(100 * choice.options.length);
  const rest = values.filter((_, index) => index !== at);
  const isOne = rest.every(({ type }) => type !== 'choice');
  const made = choice.options.map(option => ({
    value: lift(
      values.map((value, index) => (index === at ? option.value : value)),
      work,
      place,
      lose
    ),
    place: option.place
  }));
  // Values that vary together, as in one loop, have fewer combinations.
  return choose(made, choice.each && isOne, 'limit', place, lose).value;
}
