/** Values of a text's fields from the notebook's kernel. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Tree } from '@lezer/common';

import { sourceSpans } from '../../session/mapped';
import type { IKernelAnswer, ISuggestion } from '../../session/source';
import type { INotebookText } from '../strings/finder';
import { cellMagic } from '../strings/magics';
import type { IFoundField, IFoundText } from '../strings/types';
import { isGlobal, isGlobalEverywhere } from '../values/scopes';
import { shown } from '../values/templates';
import { computed, stringOf } from '../values/value';
import type { Value } from '../values/value';
import { askKernel } from './ask';
import type { AskedKernel, NoAnswer } from './ask';
import { MAX_NAMES } from './expression';
import type { KernelValue, Refusal } from './expression';

/** Nowhere: values of the kernel stand in no cell. */
const NOWHERE = { cell: -1, at: 0 };

/**
 * Ask the kernel for the values of the fields that are plain names of the notebook.
 *
 * @param index - the text's cell.
 * @param trees - of the notebook's cells.
 */
export async function valuesFromKernel(
  kernel: AskedKernel | null | undefined,
  text: IFoundText | null,
  notebook: INotebookText,
  index: number,
  trees: readonly (Tree | null)[],
  trans: TranslationBundle
): Promise<IKernelAnswer> {
  const values: Record<string, ISuggestion> = {};
  const fields: (readonly [field: IFoundField, name: string])[] = [];
  for (const field of text?.fields ?? []) {
    const name = field.wanted === null ? null : identifier(field.wanted);
    if (text === null || name === null) {
      continue;
    }
    if (isOfNotebook(name, field, text, notebook, index, trees)) {
      fields.push([field, name]);
    } else {
      values[field.name] = {
        value: null,
        from: trans.__(
          'not taken from the kernel: “%1” is a function’s own name there',
          name
        )
      };
    }
  }
  const names = [...new Set(fields.map(([, name]) => name))];
  if (names.length === 0) {
    const problem = trans.__(
      'None of the fields is a plain name of the notebook, which the kernel would know.'
    );
    return { values, problem };
  }
  const asked = names.slice(0, MAX_NAMES);
  const answer = await askKernel(kernel, asked);
  if (typeof answer === 'string') {
    return { values: {}, problem: noAnswer(answer, trans) };
  }
  for (const [field, name] of fields) {
    const at = asked.indexOf(name);
    if (at !== -1 && values[field.name] === undefined) {
      values[field.name] = suggestionOf(answer[at], field, trans);
    }
  }
  return { values, problem: '' };
}

/** The name that an expression is, as Python has it; null for all else. */
function identifier(expression: string): string | null {
  const isName = /^[\p{XID_Start}_]\p{XID_Continue}*$/u.test(expression);
  return isName && !/^(None|True|False)$/.test(expression)
    ? expression.normalize('NFKC')
    : null;
}

/** Whether a field's name is surely the notebook's, and not that of a function. */
function isOfNotebook(
  name: string,
  field: IFoundField,
  text: IFoundText,
  { cells }: INotebookText,
  index: number,
  trees: readonly (Tree | null)[]
): boolean {
  const at = sourceSpans(text.map, field.value)[0]?.[0];
  if (text.kind !== 'template' && at !== undefined && index !== -1) {
    const { source } = cells[index];
    const tree = trees[index] ?? null;
    const runs = cellMagic(source)?.runs ?? 'same';
    return (
      runs === 'same' &&
      tree !== null &&
      isGlobal(tree.topNode, source, at, name)
    );
  }
  // What fills it in stands elsewhere: anywhere the name must be the notebook's.
  return cells.every(({ type, source }, cell) => {
    const tree = trees[cell];
    return (
      type !== 'code' ||
      (tree && isGlobalEverywhere(tree.topNode, source, name))
    );
  });
}

function suggestionOf(
  said: KernelValue,
  field: IFoundField,
  trans: TranslationBundle
): ISuggestion {
  if (said.type === 'refused') {
    return { value: null, from: refusal(said.why, trans) };
  }
  const value = textOf(said, field);
  return {
    value,
    from:
      value === null
        ? trans.__(
            'not taken from the kernel: LIT Lab can’t format its value as “%1”',
            field.format || field.expression
          )
        : trans.__('the kernel')
  };
}

/** What a field shows for a value; null where that isn't known exactly. */
function textOf(
  said: Exclude<KernelValue, { type: 'refused' }>,
  { format, expression }: IFoundField
): string | null {
  const how = /^(?:!([rsa]))?(?::([^{}]*))?$/.exec(format);
  // `%d` makes an integer of a float.
  const isWhole = /^%.*[diu]$/.test(expression);
  if (how === null || (isWhole && said.type !== 'int')) {
    return null;
  }
  const [, conversion = '', spec = ''] = how;
  let value: Value;
  if (said.type === 'text') {
    value = computed(said.value);
  } else if (said.type === 'int') {
    value = said;
  } else if (/inf|nan/.test(said.value)) {
    return spec === '' ? said.value : null;
  } else {
    value = { type: 'float', value: Number(said.value) };
  }
  return stringOf(shown(value, conversion, spec, NOWHERE));
}

function refusal(why: Refusal, trans: TranslationBundle): string {
  switch (why) {
    case 'missing':
      return trans.__('not defined in the kernel');
    case 'long':
      return trans.__('too long to be taken from the kernel');
    case 'pair':
      return trans.__(
        'not taken from the kernel: it holds two halves of a character'
      );
    default:
      return trans.__(
        'in the kernel %1: only texts and numbers are taken',
        kindName(why, trans)
      );
  }
}

function kindName(
  why: Exclude<Refusal, 'missing' | 'long' | 'pair'>,
  trans: TranslationBundle
): string {
  switch (why) {
    case 'bool':
      return trans.__('True or False');
    case 'none':
      return trans.__('None');
    case 'list':
      return trans.__('a list');
    case 'tuple':
      return trans.__('a tuple');
    case 'dict':
      return trans.__('a dictionary');
    case 'set':
      return trans.__('a set');
    case 'bytes':
      return trans.__('bytes');
    case 'other':
      return trans.__('an object');
  }
}

function noAnswer(why: NoAnswer, trans: TranslationBundle): string {
  switch (why) {
    case 'none':
      return trans.__(
        'No value was taken: the notebook has no running kernel.'
      );
    case 'foreign':
      return trans.__(
        'No value was taken: the kernel’s language isn’t Python.'
      );
    case 'busy':
      return trans.__(
        'No value was taken: the kernel is busy. Try again when it is idle.'
      );
    case 'strange':
      return trans.__(
        'No value was taken: the kernel gave no answer that LIT Lab understands.'
      );
  }
}
