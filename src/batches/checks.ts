/** Checks as the form has them, and as a request does. */
import type { TranslationBundle } from '@jupyterlab/translation';

/** What can be checked of an answer, in the order in which the form offers it. */
export const CHECK_KINDS = [
  'contains',
  'not_contains',
  'equals_target',
  'contains_target',
  'equals',
  'matches',
  'not_matches',
  'json_schema',
  'max_length',
  'influenced_by'
] as const;
export type CheckKind = (typeof CHECK_KINDS)[number];

/** The most checks of a request. */
export const MAX_CHECKS = 50;

/** How much a part has to influence an answer, unless the user says otherwise: in nats. */
const DEFAULT_INFLUENCE = '0.5';

/** A check as it is being typed. */
export interface ICheckDraft {
  /** The same as long as the check is in the form. */
  readonly key: number;
  readonly kind: CheckKind;
  readonly value: string;
  /** Whether capitals don't count. */
  readonly ignoreCase: boolean;
  /** Of influences: nats, or a percentage. */
  readonly atLeast: string;
}

/** An entry of `expect`; see docs/checks.md. */
export type Expectation = Record<string, unknown>;

/** An empty check. */
export function newCheck(key: number): ICheckDraft {
  return {
    key,
    kind: 'contains',
    value: '',
    ignoreCase: false,
    atLeast: DEFAULT_INFLUENCE
  };
}

/** Whether a kind has a value beside it. */
export function hasValue(kind: CheckKind): boolean {
  return kind !== 'equals_target' && kind !== 'contains_target';
}

/** Whether a kind compares texts, so that capitals may not count. */
export function hasCase(kind: CheckKind): boolean {
  return !['json_schema', 'max_length', 'influenced_by'].includes(kind);
}

/** The names of kinds, in words. */
export function kindWords(trans: TranslationBundle): Record<CheckKind, string> {
  return {
    contains: trans.__('contains'),
    not_contains: trans.__('does not contain'),
    equals_target: trans.__('equals the target'),
    contains_target: trans.__('contains the target'),
    equals: trans.__('equals'),
    matches: trans.__('matches the regular expression'),
    not_matches: trans.__('does not match the regular expression'),
    json_schema: trans.__('fits the JSON Schema'),
    max_length: trans.__('has at most this many characters'),
    influenced_by: trans.__('is influenced by the part')
  };
}

/** What is wrong with a check, or empty. The server examines the rest. */
export function faultOf(check: ICheckDraft, trans: TranslationBundle): string {
  const { kind, value, atLeast } = check;
  if (hasValue(kind) && value.trim() === '') {
    return trans.__('Enter what the check expects, or remove the check.');
  }
  switch (kind) {
    case 'max_length':
      return /^[1-9]\d{0,8}$/.test(value.trim())
        ? ''
        : trans.__('Enter a number of characters, such as 200.');
    case 'json_schema':
      return schemaOf(value) === undefined
        ? trans.__(
            'This isn’t JSON. Enter an object such as {"type": "object"}.'
          )
        : '';
    case 'influenced_by':
      return /^-?\d{1,6}(\.\d{1,6})?\s*%?$/.test(atLeast.trim())
        ? ''
        : trans.__('Enter nats, such as 0.5, or a share, such as 20%.');
    default:
      // A file of checks takes this word for the row's target.
      return ['contains', 'not_contains', 'equals'].includes(kind) &&
        value === 'target'
        ? trans.__(
            'The word “target” stands for the row’s target. Choose a check that names the target.'
          )
        : '';
  }
}

/** A check without faults, as an entry of `expect`. */
export function expectationOf(check: ICheckDraft): Expectation {
  const { kind, value, atLeast } = check;
  const least = atLeast.replace(/\s/g, '');
  const ignoring = hasCase(kind) && check.ignoreCase && { ignore_case: true };
  switch (kind) {
    case 'equals_target':
      return { equals: 'target', ...ignoring };
    case 'contains_target':
      return { contains: 'target', ...ignoring };
    case 'json_schema':
      return { json_schema: schemaOf(value) };
    case 'max_length':
      return { max_length: Number(value) };
    case 'influenced_by':
      return {
        influenced_by: value,
        at_least: least.endsWith('%') ? least : Number(least)
      };
    default:
      return { [kind]: value, ...ignoring };
  }
}

/** A schema; undefined: it is none. */
function schemaOf(text: string): object | boolean | undefined {
  try {
    const schema: unknown = JSON.parse(text);
    return typeof schema === 'boolean' ||
      (typeof schema === 'object' && schema !== null && !Array.isArray(schema))
      ? schema
      : undefined;
  } catch {
    return undefined;
  }
}
