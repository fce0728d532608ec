import { suggested, valuesOf } from './fakes';

describe('suggest', () => {
  it("finds the codelab's values, through the call in a later cell", async () => {
    const sources = [
      'import keras',
      'def analyze(likes, dislikes, menu_item):\n  return f"""{likes} {dislikes} {menu_item}"""',
      'food_likes = """Cheese"""\nfood_dislikes = """Can\'t eat eggs"""\nmenu_item = """Quiche"""\nprompt = analyze(food_likes, food_dislikes, menu_item)'
    ];
    const { suggestions } = await suggested(sources, 1);
    expect(suggestions).toEqual({
      likes: { value: 'Cheese', from: 'cell 3, line 4' },
      dislikes: { value: "Can't eat eggs", from: 'cell 3, line 4' },
      menu_item: { value: 'Quiche', from: 'cell 3, line 4' }
    });
  });

  it('prefers the nearest assignment above, then the nearest below', async () => {
    const sources = ['x = "1"\nx = "2"', 'p = f"{x} {y}"', 'x = "3"; y = "4"'];
    expect(await valuesOf(sources, 1)).toEqual({ x: '2', y: '4' });
  });

  it('takes arguments, by position and by keyword, and defaults', async () => {
    const define =
      'def f(a, b="B", *, c="C", d="D"):\n    return f"{a}{b}{c}{d}"';
    expect(await valuesOf([define, 'f("1", c="3")'], 0)).toEqual({
      a: '1',
      b: 'B',
      c: '3',
      d: 'D'
    });
    expect(await valuesOf([define], 0)).toEqual({ b: 'B', c: 'C', d: 'D' });
    const { suggestions } = await suggested([define], 0);
    expect(suggestions.b.from).toBe('default value');
    expect(suggestions.a.value).toBeNull();
  });

  it("skips self, and takes a method's call", async () => {
    const define =
      'class A:\n    def f(self, a):\n        return f"{a}"\nA().f("1")';
    expect(await valuesOf([define], 0)).toEqual({ a: '1' });
  });

  it('keeps names of other functions apart', async () => {
    const source =
      'def g():\n    x = "no"\n\ndef f():\n    x = "yes"\n    return f"{x}"';
    expect(await valuesOf([source], 0)).toEqual({ x: 'yes' });
  });

  it('gives up a field that stands in a text too often', async () => {
    const text = (count: number) => [`x = "1"\nf"${'{x}'.repeat(count)}"`];
    expect(await valuesOf(text(900), 0)).toEqual({ x: '1' });
    const { suggestions } = await suggested(text(1_100), 0);
    expect(suggestions.x.value).toBeNull();
    expect(suggestions.x.from).toBe(
      'too long to be followed in cell 1, line 1'
    );
  });

  it('takes arguments of format and of %', async () => {
    expect(await valuesOf(['"{a} {}".format("1", a=n)\nn = 7'], 0)).toEqual({
      '0': '1',
      a: '7'
    });
    expect(await valuesOf(['"%(a)s %(b)s" % {"a": "1", "b": "2"}'], 0)).toEqual(
      { a: '1', b: '2' }
    );
  });

  it('formats values as the fields ask', async () => {
    expect(
      await valuesOf(
        ['x = "a\'b"\nn = 2.5\np = f"{x!r} {x=} {x:>5} {n:.2f}"'],
        0
      )
    ).toEqual({
      'x!r': '"a\'b"',
      'x=': 'x="a\'b"',
      'x:>5': "  a'b",
      'n:.2f': '2.50'
    });
  });

  it('formats a whole number as a fraction', async () => {
    expect(
      await valuesOf(['budget = 12\np = f"{budget:.2f} {budget:,.1f}"'], 0)
    ).toEqual({ 'budget:.2f': '12.00', 'budget:,.1f': '12.0' });
  });

  it('says nothing of what only running tells, but why', async () => {
    const sources = ['x = input()\ny = x + "a"\np = f"{x} {y} {z()}"'];
    expect(await valuesOf(sources, 0)).toEqual({});
    const { suggestions } = await suggested(sources, 0);
    expect(suggestions.x.from).toBe('built at run time in cell 1, line 1');
  });

  it('ends on names that go in a circle', async () => {
    expect(await valuesOf(['a = b\nb = a\np = f"{a}"'], 0)).toEqual({});
  });

  it('reads tuples, annotations and chains', async () => {
    const source = 'a, b = "1", "2"\nc: str = "3"\nd = e = "4"\nq = a';
    expect(await valuesOf([source, 'f"{a}{b}{c}{d}{e}{q}"'], 1)).toEqual({
      a: '1',
      b: '2',
      c: '3',
      d: '4',
      e: '4',
      q: '1'
    });
  });

  it.each([
    ['x = """One.\n    \nTwo."""', true],
    ['x = """a\n>>> f(2)\n""".strip()', true],
    ['  x = """a\n  b"""', true],
    ['a = """One.\n \nTwo."""\nx = "So: " + a', true],
    ['x = """One.\n\nTwo."""', false],
    ['x = """One. Two."""\n   \ny = 1', false]
  ])('says where IPython changes a value: %j', async (source, isChanged) => {
    const { suggestions } = await suggested([source, 'p = f"{x}"'], 1);
    expect(suggestions.x.value).not.toBeNull();
    expect(suggestions.x.from.includes('IPython')).toBe(isChanged);
    expect(suggestions.x.from).toMatch(/^cell 1/);
  });

  it('says where IPython changes a default value', async () => {
    const source = 'def f(x="""One.\n  \nTwo."""):\n    return f"{x}"';
    const { suggestions } = await suggested([source], 0);
    expect(suggestions.x.from).toMatch(/^default value; IPython/);
  });
});
