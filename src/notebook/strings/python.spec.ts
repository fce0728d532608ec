import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { sourceSpans } from '../../session/mapped';
import { fill } from '../../session/template';
import { findPythonStrings } from './python';
import type { IFindContext, IFoundText } from './types';

interface ICase {
  readonly name: string;
  readonly source: string;
  readonly found: readonly unknown[];
  readonly values?: Readonly<Record<string, string>>;
  readonly filled?: string;
}

interface ILiterals {
  readonly names: Readonly<Record<string, string>>;
  readonly cases: readonly {
    readonly source: string;
    readonly value: string;
    readonly values: Readonly<Record<string, string>>;
  }[];
}

const cases = jest.requireActual<ICase[]>(
  '../../../tests/fixtures/text/strings.json'
);
const literals = jest.requireActual<ILiterals>(
  '../../../tests/fixtures/text/literals.json'
);

/** What Python's `unicodedata` says of the names in the fixtures. */
const CONTEXT: IFindContext = {
  lookup: name => literals.names[name] ?? null,
  trans: nullTranslator.load('lit-lab')
};

const find = (source: string) =>
  findPythonStrings(source, pythonLanguage.parser, CONTEXT);

/** What the contract says of a text, without what only the finder knows. */
const contract = ({ kind, value, map, fields, problem }: IFoundText) => ({
  kind,
  value,
  map,
  fields: fields.map(field => ({
    name: field.name,
    expression: field.expression,
    value: field.value
  })),
  ...(problem === undefined ? {} : { problem: true })
});

describe('findPythonStrings', () => {
  it.each(cases.map(item => [item.name, item] as const))('%s', (_, item) => {
    const found = find(item.source);
    expect(found.map(contract)).toEqual(item.found);
    if (item.values !== undefined) {
      expect(fill(found[0], item.values).value).toBe(item.filled);
    }
  });

  it('agrees with Python on generated literals', () => {
    for (const { source, value, values } of literals.cases) {
      const found = find(source);
      expect({ source, found: found.length }).toEqual({ source, found: 1 });
      const filled = fill(found[0], values);
      expect({ source, value: filled.value }).toEqual({ source, value });
    }
  });

  it('maps every plain run to the same characters', () => {
    for (const { source } of literals.cases) {
      const [{ value, map }] = find(source);
      for (const run of map) {
        const text = value.slice(...run.value);
        // A lone carriage return is as long as the newline that it becomes.
        const from = source.slice(...run.source).replace(/\r(?!\n)/g, '\n');
        expect([from === text, /^[\\\r{}]/.test(from)]).toContain(true);
      }
    }
  });

  it('finds what is compared by two words', () => {
    for (const operator of ['in', 'not in', 'is', 'is not', '==']) {
      const found = find(`while a ${operator} ["yes", f("no")]: pass`);
      expect(found.map(({ value }) => value)).toEqual(['yes', 'no']);
    }
  });

  it('survives every prefix of a source being typed', () => {
    const source =
      '%%time\nx = f"""a {b["c"]!r:>{w}} \\N{BULLET} {{"""\ny = ("d"\n\'e\' % (1,))\n!ls\n';
    for (let end = 0; end <= source.length; end++) {
      for (const { value, map } of find(source.slice(0, end))) {
        for (const run of map) {
          expect(run.value[1]).toBeLessThanOrEqual(value.length);
          expect(run.source[1]).toBeLessThanOrEqual(end);
        }
      }
    }
  });

  it('maps a long prompt of many runs', () => {
    const source = `f"""${'What is it?\\n It is {x}.\n'.repeat(4000)}"""`;
    const [text] = find(source);
    const filled = fill(text, { x: 'a value' });
    const spans = text.fields.map(({ value }) => sourceSpans(text.map, value));
    expect(filled.map.length).toBeGreaterThan(12000);
    expect(spans).toHaveLength(4000);
  });
});
