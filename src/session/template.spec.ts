import { MappedBuilder, plain, sourceSpans } from './mapped';
import type { IPromptText } from './source';
import { applyStep } from './steps';
import { fill } from './template';

/** `f"Likes {x}, not {y}; {x}"`, whose content begins at source 2. */
const TEMPLATE: IPromptText = {
  kind: 'f-string',
  ...plain('Likes {x}, not {y}; {x}', 2),
  fields: [
    { name: 'x', expression: 'x', value: [6, 9] },
    { name: 'y', expression: 'y', value: [15, 18] },
    { name: 'x', expression: 'x', value: [20, 23] }
  ]
};

describe('fill', () => {
  it('fills every place of a variable, mapped to its field', () => {
    const { value, map } = fill(TEMPLATE, { x: 'cheese', y: 'eggs' });
    expect(value).toBe('Likes cheese, not eggs; cheese');
    expect(map).toEqual([
      { value: [0, 6], source: [2, 8] },
      { value: [6, 12], source: [8, 11] },
      { value: [12, 18], source: [11, 17] },
      { value: [18, 22], source: [17, 20] },
      { value: [22, 24], source: [20, 22] },
      { value: [24, 30], source: [22, 25] }
    ]);
  });

  it('replaces markers one after the other, as str.replace does', () => {
    const text: IPromptText = {
      kind: 'template',
      ...plain('<a>, [B]; <a>', 1),
      fields: [
        { name: 'a', expression: '<a>', value: [0, 3] },
        { name: 'B', expression: '[B]', value: [5, 8] },
        { name: 'a', expression: '<a>', value: [10, 13] }
      ],
      markers: [
        { name: 'a', marker: '<a>', count: 1 },
        { name: '', marker: ', ', value: ' and ' },
        { name: 'B', marker: '[B]' }
      ]
    };
    const { value, map } = fill(text, { a: '[B]', B: '<a>' });
    expect(value).toBe('<a> and <a>; <a>');
    expect(sourceSpans(map, [0, 3])).toEqual([[1, 4]]);
    expect(sourceSpans(map, [8, 11])).toEqual([[6, 9]]);
    expect(fill(text, { B: 'b' }).value).toBe('<a> and b; <a>');
  });

  it('leaves unfilled fields as written', () => {
    const { value, map } = fill(TEMPLATE, { y: '' });
    expect(value).toBe('Likes {x}, not ; {x}');
    expect(sourceSpans(map, [0, value.length])).toEqual([
      [2, 17],
      [20, 25]
    ]);
  });

  it('does not take names of Object for values', () => {
    const text: IPromptText = {
      kind: 'f-string',
      ...plain('{toString}', 0),
      fields: [{ name: 'toString', expression: 'toString', value: [0, 10] }]
    };
    expect(fill(text, {}).value).toBe('{toString}');
  });

  it('takes steps after filling in', () => {
    const before = { ...TEMPLATE, steps: [{ name: 'strip' }] as const };
    const text: IPromptText = { ...TEMPLATE, before };
    expect(fill(text, { x: ' a ', y: 'b' }).value).toBe('Likes  a , not b;  a');
  });

  it('keeps a filled value apart from its neighbours even at equal length', () => {
    const { map } = fill(TEMPLATE, { x: 'abc' });
    expect(sourceSpans(map, [6, 7])).toEqual([[8, 11]]);
  });
});

describe('applyStep', () => {
  const apply = (value: string, name: 'strip' | 'dedent' | 'cleandoc') =>
    applyStep({ ...plain(value, 0), fields: [] }, { name });

  it("strips Python's blanks, not JavaScript's", () => {
    expect(apply('\x1f\ufeffa\x85', 'strip').value).toBe('\ufeffa');
  });

  it('dedents and maps', () => {
    const { value, map } = apply('  a\n    b\n \n  c', 'dedent');
    expect(value).toBe('a\n  b\n\nc');
    for (const run of map) {
      expect('  a\n    b\n \n  c'.slice(...run.source)).toBe(
        value.slice(...run.value)
      );
    }
  });

  it('cleans a docstring', () => {
    expect(apply('  a\n\tb\n\t  c\n  \t', 'cleandoc').value).toBe('a\nb\n  c');
  });
});

describe('MappedBuilder', () => {
  it('joins plain neighbours, and no others', () => {
    const builder = new MappedBuilder();
    builder.push('a', [0, 1]);
    builder.push('b', [1, 2]);
    builder.push('\n', [2, 4]);
    builder.push('c', [4, 5]);
    expect(builder.build().map).toEqual([
      { value: [0, 2], source: [0, 2] },
      { value: [2, 3], source: [2, 4] },
      { value: [3, 4], source: [4, 5] }
    ]);
  });
});
