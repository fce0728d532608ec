/** Values for a template's fields, from the evaluated notebook. */
import type { Parser } from '@lezer/common';
import type { TranslationBundle } from '@jupyterlab/translation';

import { sourceSpans } from '../../session/mapped';
import type { ISuggestion } from '../../session/source';
import { meets, takenByIPython } from '../strings/ipython';
import type { ITaken } from '../strings/ipython';
import { parsing } from '../strings/parsing';
import type { Work } from '../strings/pieces';
import type { IFoundField, IFoundText } from '../strings/types';
import { shown } from './templates';
import type { ISeen } from './sightings';
import type { IRun } from './run';
import { optionsOf } from './choose';
import { stringOf, unknown } from './value';
import type { IBinding, IOption, IPlace, IWhy } from './value';

/**
 * Limits on the fields of a text, on the places of each, and on the length of
 * an expression.
 */
const MAX_FIELDS = 500;
const MAX_PLACES = 1_000;
const MAX_EXPRESSION = 10_000;

/** Limit on the values that are offered for a field. */
const MAX_CHOICES = 20;

/** What words about a place need. */
interface IWords {
  readonly sources: readonly string[];
  readonly trans: TranslationBundle;
}

/** Suggest values for the fields of a text of cell `index`. */
export function* suggest(
  text: IFoundText,
  run: IRun,
  sources: readonly string[],
  index: number,
  parser: Parser,
  trans: TranslationBundle
): Work<Record<string, ISuggestion>> {
  const found = new Map<string, ISeen[]>();
  for (const field of text.fields) {
    const all = found.get(field.name) ?? [];
    if (!found.has(field.name)) {
      if (found.size >= MAX_FIELDS) {
        continue;
      }
      found.set(field.name, all);
    }
    if (all.length > MAX_PLACES) {
      continue;
    }
    yield;
    const seen =
      all.length < MAX_PLACES
        ? yield* seenOf(field, text, run, index, parser)
        : tooMany(field, index);
    if (seen !== null) {
      all.push(seen);
    }
  }
  const suggestions: Record<string, ISuggestion> = {};
  for (const [name, all] of found) {
    if (all.length > 0) {
      suggestions[name] = inWords(all, { sources, trans });
    }
  }
  return suggestions;
}

/** The values of a field; null if its code was never evaluated. */
function* seenOf(
  field: IFoundField,
  text: IFoundText,
  run: IRun,
  index: number,
  parser: Parser
): Work<ISeen | null> {
  const [at, to] = sourceSpans(text.map, field.value)[0] ?? [];
  const { cell, at: offset } = field.place ?? { cell: index, at };
  const seen =
    run.seen.get(field.seen ?? `${cell}:${offset}`) ??
    run.seen.get(`${index}:${at}:${to}`);
  if (seen !== undefined || field.wanted === null) {
    return seen ?? null;
  }
  if (field.wanted.length > MAX_EXPRESSION) {
    return null;
  }
  const tree = yield* parsing(parser, field.wanted);
  if (tree === null) {
    return null;
  }
  const bound = run.at(index, tree, field.wanted);
  const how = /^(?:!([rsa]))?(?::([^{}]*))?$/.exec(field.format);
  const options = optionsOf(bound);
  const shows = options.map(option => ({
    ...option,
    value:
      how === null
        ? unknown('run', bound.place)
        : shown(option.value, how[1] ?? '', how[2] ?? '', bound.place)
  }));
  const known = shows.filter(({ value }) => stringOf(value) !== null);
  return {
    options: known,
    why: known.length < shows.length ? whyOf(bound) : null,
    each: false,
    isDefault: false
  };
}

/** The values of a field with too many places. */
function tooMany({ place }: IFoundField, index: number): ISeen {
  const why = {
    cause: 'limit',
    place: place ?? { cell: index, at: 0 }
  } as const;
  return { options: [], why, each: false, isDefault: false };
}

function whyOf({ value, place }: IBinding): IWhy {
  return value.type === 'unknown' ? value.why : { cause: 'run', place };
}

/** The values of all fields of one name, in words. */
function inWords(all: readonly ISeen[], words: IWords): ISuggestion {
  const { trans } = words;
  const options: IOption[] = [];
  for (const option of all.flatMap(seen => seen.options)) {
    const text = stringOf(option.value);
    if (!options.some(({ value }) => stringOf(value) === text)) {
      options.push(option);
    }
  }
  const why = all.find(seen => seen.why !== null)?.why ?? null;
  const choices = options.slice(0, MAX_CHOICES).map(option => ({
    value: stringOf(option.value)!,
    from: originOf(option, words)
  }));
  const [first] = choices;
  if (first === undefined) {
    return { value: null, from: reason(why!, words) };
  }
  if (why === null && options.length === 1) {
    const isDefault = all.every(seen => seen.isDefault);
    return isDefault
      ? {
          value: first.value,
          from: originOf(options[0], words, trans.__('default value'))
        }
      : first;
  }
  const isEach = why === null && all.every(seen => seen.each);
  return {
    value: isEach ? first.value : null,
    from: isEach
      ? trans.__('%1 (1 of %2)', first.from, options.length)
      : why !== null
        ? reason(why, words)
        : trans.__(
            'one of %1 values; which one depends on the run',
            options.length
          ),
    choices
  };
}

/** Where a value was found, and whether IPython changes the literals that it is of. */
function originOf(
  { value, place }: IOption,
  words: IWords,
  where = placeName(place, words)
): string {
  const cells = new Map<number, ITaken>();
  const isChanged =
    value.type === 'text' &&
    value.pieces.some(({ cell, map, text }) => {
      const source = words.sources[cell];
      if (source === undefined) {
        return false;
      }
      const taken = cells.get(cell) ?? takenByIPython(source);
      cells.set(cell, taken);
      const own = sourceSpans(map, [0, text.length]);
      return [taken.blanks, taken.margins, taken.prompts].some(spans =>
        meets(own, spans)
      );
    });
  return isChanged
    ? words.trans.__(
        '%1; IPython changes this text before Python reads it, so the kernel’s differs',
        where
      )
    : where;
}

/** A place in words, such as `cell 2, line 3`. */
function placeName({ cell, at }: IPlace, { sources, trans }: IWords): string {
  const source = sources[cell] ?? '';
  return /\n/.test(source.trim())
    ? trans.__(
        'cell %1, line %2',
        cell + 1,
        source.slice(0, at).split('\n').length
      )
    : trans.__('cell %1', cell + 1);
}

/** Why a value isn't known, in words. */
function reason({ cause, place }: IWhy, words: IWords): string {
  const { trans } = words;
  const where = placeName(place, words);
  switch (cause) {
    case 'run':
      return trans.__('built at run time in %1', where);
    case 'python':
      return trans.__('one of Python’s own names, used in %1', where);
    case 'branch':
      return trans.__('depends on a branch in %1', where);
    case 'loop':
      return trans.__('changed in a loop in %1', where);
    case 'changed':
      return trans.__('may be changed at run time in %1', where);
    case 'parameter':
      return trans.__('given by calls of the function in %1', where);
    case 'unbound':
      return trans.__('has no value in this notebook');
    case 'unfilled':
      return trans.__('no call that is followed here gives it a value');
    case 'anything':
      return trans.__('may be changed by the code in %1', where);
    case 'syntax':
      return trans.__('%1 can’t be read as Python', where);
    case 'limit':
      return trans.__('too long to be followed in %1', where);
  }
}
