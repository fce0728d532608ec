import { pythonLanguage } from '@codemirror/lang-python';
import { nullTranslator } from '@jupyterlab/translation';

import { readFacts } from './facts';
import { atOnce } from './pieces';
import { findPythonStrings } from './python';
import { repr, suggest } from './suggest';

const CONTEXT = { lookup: () => null, trans: nullTranslator.load('lit_lab') };
const { parser } = pythonLanguage;

/** Suggestions for the last text with fields of cell `index`. */
function suggestions(sources: readonly string[], index: number) {
  const text = findPythonStrings(sources[index], parser, CONTEXT)
    .filter(({ fields }) => fields.length > 0)
    .pop()!;
  const cells = sources.map((source, at) => ({
    number: at + 1,
    facts: readFacts(source, parser, CONTEXT)
  }));
  return atOnce(suggest(text, cells, index, parser, CONTEXT));
}

/** Values alone. */
const values = (sources: readonly string[], index: number) =>
  Object.fromEntries(
    Object.entries(suggestions(sources, index)).map(([k, v]) => [k, v.value])
  );

describe('suggest', () => {
  it("finds the codelab's values, through the call in a later cell", () => {
    const sources = [
      'import keras',
      'def analyze(likes, dislikes, menu_item):\n  return f"""{likes} {dislikes} {menu_item}"""',
      'food_likes = """Cheese"""\nfood_dislikes = """Can\'t eat eggs"""\nmenu_item = """Quiche"""\nprompt = analyze(food_likes, food_dislikes, menu_item)'
    ];
    expect(suggestions(sources, 1)).toEqual({
      likes: { value: 'Cheese', from: 'cell 3' },
      dislikes: { value: "Can't eat eggs", from: 'cell 3' },
      menu_item: { value: 'Quiche', from: 'cell 3' }
    });
  });

  it('prefers the nearest assignment above, then the nearest below', () => {
    const sources = ['x = "1"\nx = "2"', 'p = f"{x} {y}"', 'x = "3"; y = "4"'];
    expect(values(sources, 1)).toEqual({ x: '2', y: '4' });
  });

  it('takes literal arguments, by position and by keyword, and defaults', () => {
    const define =
      'def f(a, b="B", *, c="C", d="D"):\n    return f"{a}{b}{c}{d}"';
    expect(values([define, 'f("1", c="3")'], 0)).toEqual({
      a: '1',
      b: 'B',
      c: '3',
      d: 'D'
    });
    expect(values([define], 0)).toEqual({ b: 'B', c: 'C', d: 'D' });
  });

  it("skips self, and takes a method's call", () => {
    const define =
      'class A:\n    def f(self, a):\n        return f"{a}"\nA().f("1")';
    expect(values([define], 0)).toEqual({ a: '1' });
  });

  it('keeps names of other functions apart', () => {
    const source =
      'def g():\n    x = "no"\n\ndef f():\n    x = "yes"\n    return f"{x}"';
    expect(values([source], 0)).toEqual({ x: 'yes' });
  });

  it('takes arguments of format and of %', () => {
    expect(values(['"{a} {}".format("1", a=n)\nn = 7'], 0)).toEqual({
      '0': '1',
      a: '7'
    });
    expect(values(['"%s %(b)s" % {"b": "2"}'], 0)).toEqual({ b: '2' });
  });

  it('represents values as the format asks, and leaves others open', () => {
    expect(values(['x = "a\'b"\np = f"{x!r} {x=} {x:>9}"'], 0)).toEqual({
      'x!r': '"a\'b"',
      'x=': 'x="a\'b"'
    });
  });

  it('says nothing of what only running tells', () => {
    expect(
      values(['x = input()\ny = x + "a"\np = f"{x} {y} {z()}"'], 0)
    ).toEqual({});
  });

  it('ends on names that go in a circle', () => {
    expect(values(['a = b\nb = a\np = f"{a}"'], 0)).toEqual({});
  });

  it('reads tuples, annotations and chains', () => {
    const source = 'a, b = "1", "2"\nc: str = "3"\nd = e = "4"\nq = a';
    expect(values([source, 'f"{a}{b}{c}{d}{e}{q}"'], 1)).toEqual({
      a: '1',
      b: '2',
      c: '3',
      d: '4',
      e: '4',
      q: '1'
    });
  });
});

describe('repr', () => {
  it.each([
    ["it's", '"it\'s"'],
    ['\'"', "'\\'\"'"],
    ['a\n\\\u00a0\u2028é🥚', "'a\\n\\\\\\xa0\\u2028é🥚'"]
  ])('of %j', (text, expected) => {
    expect(repr(text)).toBe(expected);
  });
});
