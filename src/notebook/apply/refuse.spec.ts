/** Edits that can't be written back, and why. */
import { applied, end, oneCell, replacing } from './fixtures';

describe('notebook/apply, refusing', () => {
  it.each<readonly [string, string, (text: string) => string, RegExp]>([
    [
      'a quote in a raw string',
      'p = r"a b"',
      end('"'),
      /raw one .* can’t hold " here/
    ],
    [
      'a line break in a raw string',
      'p = r"a b"',
      end('\n'),
      /can’t hold a line break/
    ],
    ['a backslash at its end', 'p = r"a b"', end('\\'), /can’t hold \\ here/],
    [
      'blanks that are stripped',
      'p = "a b".strip()',
      end(' '),
      /“.strip” would change/
    ],
    [
      'blanks that dedent removes',
      'p = dedent("""\n  one\n  two\n""")',
      replacing('\ntwo', '\n   \ntwo'),
      /“dedent” would change|only blanks/
    ],
    [
      'a field',
      'p = f"Hi {x}"',
      replacing('{x}', 'you'),
      /changes the field “x”/
    ],
    [
      'half of a surrogate pair',
      'p = "a b"',
      end('\ud83d'),
      /half of a surrogate pair/
    ],
    [
      'a line of blanks',
      'p = """a\nb"""',
      replacing('\n', '\n  \n'),
      /only blanks/
    ]
  ])('refuses %s', async (_, source, edit, why) => {
    const { source: now, reason } = await applied({
      notebook: oneCell(source),
      edit
    });
    expect(now).toBeUndefined();
    expect(reason).toMatch(why);
  });

  it.each([
    ['which is built', { x: 'you' }, /the value of the field “x”/],
    ['without a value', {}, /the field “x”/]
  ])('says which field is changed, %s', async (_, values, why) => {
    const { reason } = await applied({
      notebook: oneCell('p = f"Hi {x}, {y}"'),
      values,
      edit: text => text.replace(/you|\{x\}/, 'them')
    });
    expect(reason).toMatch(why);
  });

  it('says when it can’t tell a value from all that is edited', async () => {
    const around = (unit: string) => unit.repeat(5_000);
    const { reason } = await applied({
      notebook: oneCell(`p = f"${around('b')}{x}${around('b')}"`),
      values: { x: 'X' },
      edit: () => `${around('c')}X${around('c')}`
    });
    expect(reason).toMatch(/too much at once/);
  });

  it('refuses a conversation where there was a text', async () => {
    const { reason } = await applied({
      notebook: oneCell('p = "a"'),
      edit: text => text,
      turns: [{ role: 'user', text: 'b' }]
    });
    expect(reason).toMatch(/not a conversation/);
  });
});
