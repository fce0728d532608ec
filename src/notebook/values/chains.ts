/** LangChain's chains: `prompt | llm`, and what goes in at their beginning. */
import type { SyntaxNode } from '@lezer/common';

import { runFunction } from './functions';
import type { IPassed } from './functions';
import type { IMaker } from './libraries';
import type { Machine } from './machine';
import { item } from './operators';
import { byKeyword, entriesOf, isFromCode } from './passed';
import { fillTemplate, inputOf } from './filling';
import { unknown } from './value';
import type { IBinding, IChainValue, IPlace, Step, Value } from './value';

/** Limit on the steps of a chain. */
const MAX_STEPS = 100;

/** `left | right`, where one of them is of LangChain's; null for others. */
export function pipe(
  m: Machine,
  left: Value,
  right: Value,
  place: IPlace
): Value | null {
  const isOne = [left, right].some(
    ({ type }) => type === 'template' || type === 'chain'
  );
  const steps = [...stepsOf(left), ...stepsOf(right)];
  if (!isOne || steps.length > MAX_STEPS) {
    return null;
  }
  // Templates and chains stay as they are; what else there is may be called.
  m.unknown(
    [left, right].filter(({ type }) => type !== 'template'),
    place
  );
  return { type: 'chain', steps };
}

function stepsOf(value: Value): readonly Step[] {
  const entries = entriesOf(value);
  return value.type === 'chain'
    ? value.steps
    : entries !== null
      ? [{ what: 'entries', entries, isAdded: false }]
      : [{ what: 'value', value }];
}

/** What a class of LangChain's makes of its arguments; null for others. */
export function makeChain(maker: IMaker, passed: IPassed): Value | null {
  const { positional, keyword, open } = passed;
  switch (maker.makes) {
    case 'chain': {
      const prompt = keyword.get('prompt')?.value;
      const model = keyword.get('llm')?.value;
      return prompt?.type === 'template'
        ? chain([
            { what: 'value', value: prompt },
            ...(model ? [{ what: 'value' as const, value: model }] : [])
          ])
        : null;
    }
    case 'passthrough':
      return chain([]);
    case 'parallel': {
      const entries = entriesOf(positional[0]?.value) ?? byKeyword(keyword);
      return open === null
        ? chain([{ what: 'entries', entries, isAdded: false }])
        : null;
    }
    case 'item':
      return positional.length === 1
        ? chain([{ what: 'item', key: positional[0].value }])
        : null;
    default:
      return null;
  }
}

/** `RunnablePassthrough.assign(…)`. */
export function assigned({ keyword, open }: IPassed): Value | null {
  const entries = byKeyword(keyword);
  return open === null
    ? chain([{ what: 'entries', entries, isAdded: true }])
    : null;
}

function chain(steps: readonly Step[]): IChainValue {
  return { type: 'chain', steps };
}

/** Call a chain, or one of its methods; null for methods that aren't known. */
export function callChain(
  m: Machine,
  value: IChainValue,
  method: string,
  passed: IPassed,
  node: SyntaxNode
): Value | null {
  const place = m.place(node.from);
  const { positional, keyword, all } = passed;
  const [first] = positional;
  switch (method) {
    case 'invoke':
    case 'ainvoke':
    case 'stream':
    case 'astream':
    case '__call__':
    case 'run':
    case 'arun':
    case 'predict':
    case 'apredict': {
      const own = positional.length === 0 ? keyword.get('input') : first;
      const isNamed = /run|predict/.test(method) && positional.length === 0;
      run(m, value.steps, isNamed ? keywords(passed, place) : own, place);
      break;
    }
    case 'batch':
    case 'abatch':
    case 'apply': {
      const list = first?.value;
      const inputs =
        list?.type === 'list' && !list.lost
          ? list.items.map((one): IBinding => ({ ...first, value: one }))
          : [undefined];
      inputs.forEach(input => run(m, value.steps, input, place));
      break;
    }
    case 'with_config':
    case 'with_retry':
    case 'with_types':
    case 'with_fallbacks':
      return value;
    default:
      return null;
  }
  // Steps may have changed their input.
  m.unknown(all.filter(isFromCode), place);
  return unknown('run', place);
}

/** Keywords as the dictionary that goes in. */
function keywords({ keyword, open }: IPassed, place: IPlace): IBinding {
  const [first] = keyword.values();
  return {
    value: open ?? { type: 'dict', entries: byKeyword(keyword), lost: null },
    place: first?.place ?? place
  };
}

/** What comes out of steps, each of which is given what the one before gives. */
function run(
  m: Machine,
  steps: readonly Step[],
  input: IBinding | undefined,
  place: IPlace
): IBinding {
  let current = input ?? { value: unknown('run', place), place };
  for (const step of steps) {
    m.step();
    current = m.deeper(() => take(m, step, current, place));
  }
  return current;
}

function take(
  m: Machine,
  step: Step,
  input: IBinding,
  place: IPlace
): IBinding {
  const other = { value: unknown('run', place), place };
  if (step.what === 'item') {
    const value = item(input.value, step.key);
    return value === null ? other : { ...input, value };
  }
  if (step.what === 'entries') {
    const entries = new Map(step.isAdded ? entriesOf(input.value) : []);
    for (const [key, [name, part]] of step.entries) {
      const { value } = run(m, stepsOf(part), input, place);
      entries.set(key, [name, value]);
    }
    const isKnown = !step.isAdded || entriesOf(input.value) !== null;
    return isKnown
      ? { ...input, value: { type: 'dict', entries, lost: null } }
      : other;
  }
  const { value } = step;
  if (value.type === 'template') {
    if (value.lost === null) {
      fillTemplate(m, value, inputOf(value, input, place), place);
    }
    return other;
  }
  if (value.type === 'function') {
    const passed: IPassed = {
      positional: [input],
      keyword: new Map(),
      open: null,
      all: [input.value]
    };
    return { ...input, value: runFunction(m, value, passed, place) };
  }
  m.unknown([value, input.value], place);
  return other;
}
