import type { DatasetFullRow, DatasetState } from '../api';
import { columnOf, fieldsIn, filled, valuesOf } from './fields';
import { isDatasetPath, withoutEnd } from './files';

describe('columnOf', () => {
  const columns = ['Question', 'answer_key', 'question'];

  it('takes the column of the name, exact first, then without case and marks', () => {
    expect(columnOf('question', columns)).toBe('question');
    expect(columnOf('Question', columns)).toBe('Question');
    expect(columnOf('answerKey', columns)).toBe('answer_key');
    expect(columnOf('town', columns)).toBeNull();
  });

  it('takes what was chosen by hand, also none', () => {
    expect(columnOf('town', columns, { town: 'Question' })).toBe('Question');
    expect(columnOf('question', columns, { question: '' })).toBeNull();
    expect(columnOf('question', columns, { question: 'gone' })).toBeNull();
    expect(columnOf('constructor', columns, {})).toBeNull();
  });
});

describe('fieldsIn', () => {
  const names = (prompt: string) => fieldsIn(prompt).map(({ name }) => name);

  it('finds names in one and in two braces', () => {
    const prompt = 'Tell me of {town} in {{ year }}.';
    const fields = fieldsIn(prompt);
    expect(fields.map(({ value: [start, end] }) => prompt.slice(start, end)))
      .toEqual(['{town}', '{{ year }}']); // prettier-ignore
    expect(names(prompt)).toEqual(['town', 'year']);
    expect(names('{Straße} and {城市}')).toEqual(['Straße', '城市']);
  });

  it('leaves code and formulas alone', () => {
    expect(names('{"a": 1} {} { x } {a b} {1} f{x}')).toEqual([]);
    expect(names('\\frac{a}{b} x^{n} x_{i} ${name} {{{x}}}')).toEqual([]);
  });

  it('finds none in code', () => {
    expect(names('Explain:\ndef greet(name):\n  print(f"{name}")')).toEqual([]);
    expect(names('```\n{name}\n```')).toEqual([]);
  });

  it('is bounded', () => {
    expect(fieldsIn('{a} '.repeat(1000))).toHaveLength(100);
    expect(fieldsIn(`{a}${' '.repeat(300_000)}`)).toEqual([]);
  });
});

describe('filled', () => {
  const columns = ['a', 'b'];

  it('fills in columns, and leaves other braces as they are', () => {
    expect(filled('{a} of {{ b }} in {c}', columns, { a: 'x', b: '{a}' })).toBe(
      'x of {a} in {c}'
    );
    expect(filled('{a} costs', columns, { a: '$&' })).toBe('$& costs');
  });

  it('leaves out a paragraph whose columns are all empty', () => {
    expect(filled('A: {a}\n\nB: {b}', columns, { a: '', b: 'y' })).toBe('B: y');
    expect(filled('Go.\n\n{a}', columns, { a: 'x' })).toBe('Go.\n\nx');
    expect(filled('Go.\n\n{a}', columns, { a: ' ' })).toBeNull();
    expect(filled('{c}', columns, {})).toBeNull();
  });
});

it('valuesOf has all columns, also those that are prompt, target and source', () => {
  const state = {
    chosen: { prompt: 'q', target: 'a', source: null, template: null }
  } as Partial<DatasetState> as DatasetState;
  const row: DatasetFullRow = {
    id: 1,
    line: 1,
    prompt: 'Why?',
    turns: [],
    target: 'So.',
    source: '',
    others: { town: 'Rome' }
  };
  expect(valuesOf(row, state)).toEqual({ q: 'Why?', a: 'So.', town: 'Rome' });
});

it.each([
  ['a.jsonl', 'a'],
  ['a.b.JSON', 'a.b'],
  ['a.csv.gz', 'a'],
  ['a.yaml', 'a'],
  ['a.yml.GZ', 'a'],
  ['a.parquet', 'a']
])('%s is a file of prompts', (name, stem) => {
  expect(isDatasetPath(name)).toBe(true);
  expect(withoutEnd(name)).toBe(stem);
});

it.each(['a.gz', 'a.tar.gz', 'a.png', 'jsonl', 'a.parquet.gz', 'a.jsonl.zip'])(
  '%s is none',
  name => {
    expect(isDatasetPath(name)).toBe(false);
  }
);
