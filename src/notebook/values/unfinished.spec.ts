/** Cells that somebody is still typing: no beginning of a program stops the evaluator. */
import { suggested, valuesOf } from './fakes';

const PROGRAM = `@trace
async def ask(who, *rest, sep=" ", **more):
    """Ask."""
    if who and not rest:
        return f"{who!r:>10}{sep}"
    elif more: raise ValueError(who) from None
    else: yield who
class Note(Base, kind=1):
    text: str = "a"
    def show(self): return self.text
for a, (b, c) in [("x", ("y", "z"))]:
    while a: break
    else: continue
async for d in ask("you"): pass
try:
    with open("f") as f, lock: g = [n async for n in f if n for m in n]
except* (OSError, ValueError) as error: del g
finally: global h
match a:
    case {"k": [1, *_]} | None if a: h = lambda x, /, y=1: (x := y)
x = y, *z = {**a, "b": c}, *{1, 2}
t = """it
is""" + 'so' % (a,) [1:2, ::-1]
!ls $t
%time u = "v"
`;

const READER = 'f"{a} {ask} {u}"';

describe('a cell that is being typed', () => {
  it('is evaluated wherever it ends', async () => {
    for (let end = 0; end <= PROGRAM.length; end++) {
      const { text } = await suggested([PROGRAM.slice(0, end), READER], 1);
      expect(text?.fields).toHaveLength(3);
    }
  });

  it('is evaluated wherever a line of it ends', async () => {
    const lines = PROGRAM.split('\n');
    for (const [at, line] of lines.entries()) {
      for (let end = 1; end < line.length; end++) {
        const broken = lines
          .map((other, number) => (number === at ? line.slice(0, end) : other))
          .join('\n');
        const { text } = await suggested([broken, READER], 1);
        expect(text?.fields).toHaveLength(3);
      }
    }
  });

  it.each([
    '    else:\n        f = 1',
    '    except A as f:\n        pass',
    '    elif a:\n        f = 1\n    else:\n        f = 2',
    'def f',
    'def f()',
    'class f',
    '@g\ndef f',
    'for f in b',
    'async for f in b',
    'while f',
    'with b as f'
  ])('may bind what it names: %s', async cell => {
    expect(await valuesOf(['f = "a"', cell, 'f"{f}"'], 2)).toEqual({});
  });
});
