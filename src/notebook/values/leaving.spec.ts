/** Cells that are left: what they may have done, and what they may do later. */
import { pythonLanguage } from '@codemirror/lang-python';

import { atOnce } from '../strings/pieces';
import { charge } from './meter';
import { runNotebook } from './run';
import { stringOf } from './value';

const { parser } = pythonLanguage;

/** Statements that are too many. */
const LONG = 'z = 1\n'.repeat(6_000);

function cellsOf(sources: readonly (string | null)[]) {
  return sources.map(source => ({
    source: source ?? 'def g(): global y; y = "z"',
    tree: source === null ? null : parser.parse(source),
    count: null
  }));
}

/** The text of the field in a source, the last one; null where it isn't known. */
function known(
  sources: readonly (string | null)[],
  now: (() => number) | null = null,
  index = sources.length - 1
) {
  const run = atOnce(runNotebook(cellsOf(sources), () => null, now));
  const field = run.seen.get(`${index}:${sources[index]!.indexOf('{')}`);
  const { options = [], why = null } = field ?? {};
  if (options.length === 0) {
    return null;
  }
  return why === null ? stringOf(options[0].value) : null;
}

describe('code that is left', () => {
  it.each([
    ['a function', 'def g():\n    global y\n    y = "z"'],
    [
      'a method',
      'class A:\n    def g(self):\n        global y\n        y = "z"\ng = A().g'
    ],
    ['a function that may do anything', 'def g():\n    exec("y = 1")'],
    [
      'a long function',
      `def g():\n    global y\n${'    y = "z" + "z"\n'.repeat(3_000)}`
    ]
  ])('may bind a name later, by %s', (_, code) => {
    const use = 'y = "a"\ng()\nf"{y}"';
    expect(known([LONG + code, use])).toBeNull();
    expect(known([LONG, use])).toBe('a');
  });

  it.each([
    ['a lambda', 'g = lambda: y.append("z")'],
    ['a generator', 'g = (y.append(i) for i in x)'],
    ['a generator that is an argument', 'g = k(y.append(i) for i in x)']
  ])('may change a list later, by %s', (_, code) => {
    const use = 'y = ["a"]\ng()\nf"{y}"';
    expect(known([LONG + code, use])).toBeNull();
    expect(known([LONG, use])).toBe("['a']");
    // It binds no name.
    expect(known([LONG + code, 'y = "a"\ng()\nf"{y}"'])).toBe('a');
  });

  it('may do so where it couldn’t be read', () => {
    expect(known([null, 'y = "a"\ng()\nf"{y}"'])).toBeNull();
  });

  it.each([
    ['nothing', ''],
    ['code that isn’t known', '\nllm(f)']
  ])('may bind names that functions use, called by %s', (_, call) => {
    const use = 'def f(): return f"{N}"';
    const later = `N = "b"${call}`;
    expect(known([LONG, later, use], null, 2)).toBe('b');
    for (const first of [`${LONG}N = "a"`, null, 'exec(k)']) {
      expect(known([first, use, later], null, 1)).toBeNull();
    }
  });

  it('may bind names that have a value below', () => {
    const use = 'f"{N}"';
    expect(known([use, `${LONG}N = "a"`, 'N = "b"'], null, 0)).toBeNull();
    expect(known([use, 'N = "b"', `${LONG}N = "a"`], null, 0)).toBe('b');
    expect(known([LONG, 'N = "b"', use])).toBe('b');
  });

  it('may be one of several ways', () => {
    const long = LONG.replace(/^(?=.)/gm, '    ');
    const ways = `if k():\n    N = "c"\nelse:\n${long}    N = "d"`;
    const use = 'def f(): return f"{N}"';
    expect(known([ways, use])).toBeNull();
    expect(known([ways, 'N = "e"', use])).toBe('e');
  });

  it('may bind names of Python’s own', () => {
    const use = 'def f(): return f"{str(5)}"';
    expect(known([`${LONG}str = k`, use])).toBeNull();
    expect(known([use])).toBe('5');
  });

  it('may call functions that were gone through before', () => {
    const uses = 'def g(x="dflt"): return f"{x}"';
    const calls = (count: number) =>
      `def h():\n${'    z = 1\n'.repeat(count)}    g("b")`;
    expect(known([uses, calls(11_000)], null, 0)).toBeNull();
    expect(known([uses, 'z = 1'], null, 0)).toBe('dflt');
  });

  it('does nothing by words in its texts', () => {
    const text = `x = """${'lambda for def g(): '.repeat(20)}"""\n`;
    expect(known([LONG + text, 'y = ["a"]\ng()\nf"{y}"'])).toBe("['a']");
  });

  it('says no more of its fields, however many there are', () => {
    const fields = `w = 1\nx = f"{w}"\n${LONG}x = f"${'{w}'.repeat(100_000)}"`;
    const { seen } = atOnce(runNotebook(cellsOf([fields]), () => null));
    expect(seen.get(`0:${fields.indexOf('{')}`)?.why?.cause).toBe('limit');
    expect(seen.get(`0:${fields.length - 4}`)?.why?.cause).toBe('limit');
    expect(seen.size).toBeLessThan(10);
  });

  it('is left again in a second passage, without going through it', () => {
    // `y` has a value only below: a second passage takes that.
    const cells = cellsOf(['f"{y}"', `${LONG}y = "a"`, 'y = "b"\nf"{y}"']);
    const { seen } = atOnce(runNotebook(cells, () => null));
    expect(seen.get('2:10')?.options).toHaveLength(1);
  });

  it('may hold lists that are longer than the engine’s stack', () => {
    const doubled = `y = [1]\n${'y = [*y, *y]\n'.repeat(40)}`;
    const deep = `w = [${'[1],'.repeat(9_000)}]\n`.replace(/,]/, ']');
    expect(known([doubled + deep + LONG, 'y = "a"\nf"{y}"'])).toBe('a');
  });
});

describe('the time of a cell', () => {
  /** A clock that each look moves by 1 ms. */
  const ticking = () => {
    let time = 0;
    return () => (time += 1);
  };

  it('is looked at within a statement', () => {
    const sum = `y = ${Array(200).fill('f"{x}"').join(' + ')}\n`;
    const sources = (lines: string) => ['x = 1', lines, 'f"{y}"'];
    expect(known(sources(sum))).toBe('1'.repeat(200));
    expect(known(sources(sum), ticking())).toBeNull();
    expect(known(sources('y = "a"'), ticking())).toBe('a');
  });

  it('is no other cell’s', () => {
    const sum = `y = ${Array(200).fill('f"{x}"').join(' + ')}\n`;
    const sources = ['x = 1', sum, 'y = "a"', 'f"{y}"'];
    expect(known(sources, ticking())).toBe('a');
  });

  it('doesn’t count for what is cheap: others may take the time', () => {
    const cells = cellsOf([
      'x = "a"\ndef f(y): return f"{y}"\nf(x)\nz = x + "b"\n',
      'f"{z}"'
    ]);
    let time = 0;
    const { seen } = atOnce(
      runNotebook(
        cells,
        () => null,
        () => (time += 1000)
      )
    );
    for (const { options, why } of seen.values()) {
      expect([options.length, why]).toEqual([1, null]);
    }
    expect(seen.get('1:2')!.why).toBeNull();
  });

  it('may end while the machine sleeps, after the last look', () => {
    const cells = cellsOf([
      'def g(x="dflt"): return f"{x}"',
      'g("a")',
      'def h(): z = 1; g("b")'
    ]);
    for (let at = 1; at < 30; at++) {
      let looks = 0;
      const now = () => (++looks < at ? 0 : 40);
      const { seen } = atOnce(runNotebook(cells, () => null, now));
      const { options, why } = seen.get(`0:${cells[0].source.indexOf('{')}`)!;
      expect(why !== null || options.length === 2).toBe(true);
    }
  });

  it('is not that of what others do meanwhile', () => {
    const cells = cellsOf(['x = "a"\n'.repeat(100), 'f"{x}"']);
    const work = runNotebook(cells, () => null);
    let step = work.next();
    for (; !step.done; step = work.next()) {
      // As if another cell were read while the page goes on.
      expect(() => charge(1e9)).not.toThrow();
    }
    expect(step.value.seen.get('1:2')?.why).toBeNull();
  });
});
