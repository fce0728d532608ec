/** Code that may bind names later, without saying which. */
import { pythonLanguage } from '@codemirror/lang-python';

import { atOnce } from '../strings/pieces';
import { runNotebook } from './run';
import { stringOf } from './value';

/** The text of the first field in the last source; null where it isn't known. */
function known(sources: readonly string[]) {
  const cells = sources.map(source => ({
    source,
    tree: pythonLanguage.parser.parse(source),
    count: null
  }));
  const run = atOnce(runNotebook(cells, () => null));
  const last = sources.length - 1;
  const field = run.seen.get(`${last}:${sources[last].indexOf('{')}`);
  return field && field.why === null ? stringOf(field.options[0].value) : null;
}

const USE = 'N = "a"\nk()\nf"{N}"';

describe('code that may bind any name later', () => {
  it.each([
    ['exec(k)'],
    ['exec("def g(): global N; N = 1")'],
    ['e = exec'],
    ['G = globals()'],
    ['G = globals() or k'],
    ['G = locals'],
    ['k(vars())'],
    ['up = globals().update'],
    ['get_ipython().run_cell(k)'],
    ['def h():\n    return globals()\nG = h()'],
    ['import builtins'],
    ['import __main__ as M'],
    [`${'z = 1\n'.repeat(6_000)}G = globals()`]
  ])('%s', code => {
    expect(known([code, USE])).toBeNull();
    expect(known([code, 'N = "a"\nG["N"] = 1\nf"{N}"'])).toBeNull();
    expect(known([code, 'N = "a"\nf"{N}"'])).toBe('a');
  });

  it.each([
    ['x = "N" in globals()'],
    ['print(vars(k))'],
    ['x = k["x"].format(**locals())'],
    ['x = "{q}".format_map(vars())'],
    ['globals()["M"] = 1'],
    ['globals().update(k)'],
    ['get_ipython().system("ls")'],
    ['setattr(k, "a", 1)'],
    [`${'z = 1\n'.repeat(6_000)}k.eval()`]
  ])('isn’t %s', code => {
    expect(known([code, USE])).toBe('a');
  });

  it.each(['k()', 'if k: pass', 'assert k', 'a, b = k', '"%s" % k'])(
    'runs by %s',
    code => {
      expect(known(['exec(k)', `N = "a"\n${code}\nf"{N}"`])).toBeNull();
    }
  );

  it('may change the values of names', () => {
    const use = 'y = ["a"]\ndef f(z):\n    k()\n    f"{z}"\nf(y)';
    expect(known(['exec(k)', use])).toBeNull();
    expect(known(['z = 1', use])).toBe("['a']");
  });
});

describe('a walrus', () => {
  it.each([
    ['g = (N := x for x in k)'],
    ['k(N := x for x in k)'],
    [`${'z = 1\n'.repeat(6_000)}g = (N := x for x in k)`]
  ])('binds what is around a generator: %s', code => {
    expect(known([code, 'N = "a"\nlist(g)\nf"{N}"'])).toBeNull();
  });

  it.each([
    ['k(lambda: (N := 1))'],
    ['k(lambda: [(N := x) for x in k])'],
    ['def h():\n    return [N := x for x in k]\nk(h)']
  ])('binds a name of the function around it: %s', code => {
    expect(known([code, USE])).toBe('a');
  });

  it('binds in an argument, too', () => {
    const use = (items: string) =>
      `N = "a"\nlist(N := x for x in ${items})\nf"{N}"`;
    expect(known([use('["b"]')])).toBe('b');
    expect(known([use('k')])).toBeNull();
  });
});
