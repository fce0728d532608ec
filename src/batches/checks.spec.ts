import { nullTranslator } from '@jupyterlab/translation';

import { expectationOf, faultOf, newCheck } from './checks';
import type { ICheckDraft } from './checks';

const trans = nullTranslator.load('lit_lab');

function check(fields: Partial<ICheckDraft>): ICheckDraft {
  return { ...newCheck(0), ...fields };
}

describe('batches/checks', () => {
  it.each<[Partial<ICheckDraft>, object]>([
    [{ value: ' a b' }, { contains: ' a b' }],
    [
      { kind: 'equals_target', value: 'x', ignoreCase: true },
      { equals: 'target', ignore_case: true }
    ],
    [{ kind: 'contains_target' }, { contains: 'target' }],
    [{ kind: 'matches', value: '^\\d' }, { matches: '^\\d' }],
    [{ kind: 'max_length', value: ' 200 ' }, { max_length: 200 }],
    [
      { kind: 'json_schema', value: '{"type": "object"}', ignoreCase: true },
      { json_schema: { type: 'object' } }
    ],
    [
      { kind: 'influenced_by', value: 'Be brief.', atLeast: '20 %' },
      { influenced_by: 'Be brief.', at_least: '20%' }
    ],
    [
      { kind: 'influenced_by', value: '{x}', atLeast: '0.5' },
      { influenced_by: '{x}', at_least: 0.5 }
    ]
  ])('writes %p as a file of checks does', (fields, expected) => {
    expect(faultOf(check(fields), trans)).toBe('');
    expect(expectationOf(check(fields))).toEqual(expected);
  });

  it.each<Partial<ICheckDraft>>([
    { value: ' ' },
    { kind: 'max_length', value: '0' },
    { kind: 'max_length', value: '2.5' },
    { kind: 'json_schema', value: '{type: object}' },
    { kind: 'json_schema', value: '[1]' },
    { kind: 'influenced_by', value: 'x', atLeast: '' },
    { kind: 'influenced_by', value: 'x', atLeast: '1 nat' },
    // In a file, these stand for the row's target.
    { value: 'target' },
    { kind: 'equals', value: 'target' }
  ])('finds fault with %p', fields => {
    expect(faultOf(check(fields), trans)).not.toBe('');
  });
});
