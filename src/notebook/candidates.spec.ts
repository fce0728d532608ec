import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { candidatesOf, meant } from './candidates';
import { outputText } from './outputs';
import { findPythonStrings } from './strings/python';

const trans = nullTranslator.load('lit_lab');
const { parser } = pythonLanguage;

const cell = (source: string, outputs: (string | null)[] = []) => ({
  type: 'code',
  source,
  found: findPythonStrings(source, parser, { lookup: () => null, trans }),
  outputs
});

const NOWHERE = { offset: null, output: null, selection: null, selected: null };

/** What is meant in a cell. */
const of = (texts: ReturnType<typeof cell>, asked: object = {}) =>
  meant({ ...NOWHERE, ...asked }, texts, candidatesOf(texts));

describe('candidatesOf', () => {
  it('lists strings and outputs that say something', () => {
    const texts = cell('a = " "\nb = "B"\nc = ""', [null, ' \n', 'shown']);
    expect(candidatesOf(texts).map(({ value }) => value)).toEqual([
      'B',
      'shown'
    ]);
  });

  it('tells the line that each begins in', () => {
    const source = 'a = "A"\r\n\nb = f(\n  """B\n""",\n  "C")';
    const texts = cell(source, ['shown']);
    expect(candidatesOf(texts).map(({ line }) => line)).toEqual([
      1,
      4,
      6,
      undefined
    ]);
  });
});

describe('meant', () => {
  const texts = cell('a = "A"\nb = "B"', [null, 'shown']);

  it('takes the string under the pointer, quotes and ends included', () => {
    for (const offset of [4, 5, 7]) {
      expect(of(texts, { offset })).toMatchObject({ span: [4, 7] });
    }
    expect(of(texts, { offset: 13 })).toMatchObject({ span: [12, 15] });
  });

  it('takes the only text that may be a prompt', () => {
    const only = cell(
      'ask(model="small", messages={"role": "user"}, text="Name a fruit.")'
    );
    expect(of(only)).toMatchObject({ span: [51, 66] });
    // Unless another one is pointed at.
    expect(of(only, { offset: 13 })).toMatchObject({ span: [10, 17] });
  });

  it('asks where what is printed, or a docstring, is all that has words', () => {
    expect(of(cell('x = "yes"\nprint("All is done.")'))).toBeNull();
    expect(
      of(cell('def f(x):\n  """Say it."""\n  return x["key"]'))
    ).toBeNull();
    expect(of(cell('print("All is done.")'))).toMatchObject({ what: 'string' });
  });

  it('takes the output under the pointer', () => {
    expect(of(texts, { output: 1 })).toEqual({ what: 'output', index: 1 });
  });

  it('lets a selection win', () => {
    const selection = [0, 3];
    expect(of(texts, { offset: 5, selection })).toEqual({
      what: 'selection',
      span: selection
    });
    expect(of(texts, { output: 1, selected: 'how' })).toEqual({
      what: 'shown',
      text: 'how'
    });
  });

  it('asks when several may be meant', () => {
    expect(of(texts, { offset: 0 })).toBeNull();
    expect(of(texts, { output: 0 })).toBeNull();
  });

  it('takes the only string, else the only output', () => {
    expect(of(cell('f("A")', ['shown']))).toMatchObject({ what: 'string' });
    expect(of(cell('f()', ['shown']))).toEqual({ what: 'output', index: 0 });
    expect(of(cell('f()', ['one', 'two']))).toBeNull();
  });

  it('takes markdown and raw cells as a whole', () => {
    const whole = {
      type: 'markdown',
      source: '"A"',
      found: [{ ...cell('"A"').found[0], kind: 'markdown' as const }],
      outputs: []
    };
    expect(meant(NOWHERE, whole, candidatesOf(whole))).toEqual({
      what: 'cell'
    });
  });
});

describe('outputText', () => {
  it('takes a stream without colours and the newline of print', () => {
    const output = {
      output_type: 'stream',
      name: 'stdout',
      text: ['\x1b[31mred\x1b[0m\n', 'two\n\n']
    };
    expect(outputText(output, parser, trans)).toBe('red\ntwo\n');
  });

  it("reads a string's representation", () => {
    const result = (text: string) => ({
      output_type: 'execute_result',
      execution_count: 1,
      metadata: {},
      data: { 'text/plain': text }
    });
    expect(outputText(result("'it\\'s\\n'"), parser, trans)).toBe("it's\n");
    expect(outputText(result("['a']"), parser, trans)).toBe("['a']");
    expect(outputText(result("'a', 'b'"), parser, trans)).toBe("'a', 'b'");
    expect(outputText(result("'a'"), null, trans)).toBe("'a'");
  });

  it('has none for pictures and errors', () => {
    const picture = {
      output_type: 'display_data',
      metadata: {},
      data: { 'image/png': '' }
    };
    const error = {
      output_type: 'error',
      ename: 'E',
      evalue: 'e',
      traceback: []
    };
    expect(outputText(picture, parser, trans)).toBeNull();
    expect(outputText(error, parser, trans)).toBeNull();
  });
});
