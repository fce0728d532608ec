/** The fields of a prompt's template, and the values that a kernel gives them. */
import { foundOf, namesOf, valuesOf } from './held';
import type { IHeld } from './held';
import type { IChoice, ISuggestion } from './source';
import { fill } from './template';

/** A field of a template, as the panel shows it. */
export interface IVariable {
  readonly name: string;
  /** As the template has it, the first time: `{name}`, `{{ name }}`, `$name`. */
  readonly written: string;
  /** Undefined until it has one; the field then stays as written. */
  readonly value: string | undefined;
  /** Where the value was found; empty if the user typed it. */
  readonly from: string;
  /** Why it has no value, in words; empty where it has one. */
  readonly missing: string;
  /** The values that the code may give it, where there are several. */
  readonly choices: readonly IChoice[];
  /** Why a kernel that was asked gave it no value; empty if it did, or wasn't asked. */
  readonly refused: string;
}

/** A template's fields, each once, in order of appearance. */
export function variablesOf(held: IHeld): IVariable[] {
  const found = foundOf(held);
  const values = valuesOf(held);
  const { typed, taken = {} } = held;
  return namesOf(held).map(name => {
    const isTyped = Object.hasOwn(typed, name);
    const suggestion = Object.hasOwn(found, name) ? found[name] : null;
    const hasValue = Object.hasOwn(values, name);
    const from = isTyped ? '' : (suggestion?.from ?? '');
    return {
      name,
      written: writtenOf(held, name),
      value: hasValue ? values[name] : undefined,
      from: hasValue ? from : '',
      missing: hasValue ? '' : from,
      choices: suggestion?.choices ?? [],
      refused:
        Object.hasOwn(taken, name) && taken[name].value === null
          ? taken[name].from
          : ''
    };
  });
}

function writtenOf({ text }: IHeld, name: string): string {
  const field = text?.fields.find(field => field.name === name);
  return text && field ? text.value.slice(...field.value) : name;
}

/** A prompt, and the values that gave it. */
export interface IFilled {
  readonly prompt: string;
  readonly values: Readonly<Record<string, string>>;
}

/** The fields that have another value than a run had; null: the text differs, too. */
export function changedFields(
  held: IHeld,
  run: IFilled
): ReadonlySet<string> | null {
  const { text } = held;
  if (text === null || fill(text, run.values).value !== run.prompt) {
    return null;
  }
  const values = valuesOf(held);
  return new Set(
    namesOf(held).filter(name => values[name] !== run.values[name])
  );
}

/**
 * A text with the values that a kernel gives its fields. They replace what the user
 * typed, which stays a choice.
 *
 * @param typedHere - where a typed value was found, in words.
 */
export function withTaken(
  held: IHeld,
  values: Readonly<Record<string, ISuggestion>>,
  typedHere: string
): IHeld {
  const typed = { ...held.typed };
  const taken = { ...held.taken };
  for (const [name, suggestion] of Object.entries(values)) {
    const choices = Object.hasOwn(typed, name)
      ? [{ value: typed[name], from: typedHere }]
      : taken[name]?.choices;
    taken[name] = { ...suggestion, ...(choices && { choices }) };
    if (suggestion.value !== null) {
      delete typed[name];
    }
  }
  return { ...held, typed, taken };
}
