/** Random edits of random literals. */
import { applied, oneCell } from './fixtures';

/** Random numbers below a limit, the same each time. */
function random(seed: number): (limit: number) => number {
  let state = seed + 1;
  return limit => {
    state = (state * 48271) % 2147483647;
    return state % limit;
  };
}

describe('notebook/apply, at random', () => {
  const pick = <T>(next: (limit: number) => number, items: readonly T[]) =>
    items[next(items.length)];
  const WRITTEN = [
    'a',
    'b ',
    'é',
    '😀',
    "\\'",
    '\\"',
    '\\n',
    '\\x41',
    '{{',
    '}}',
    '\\\n',
    '%'
  ];
  const TYPED = ['a', ' ', 'é', '😁', "'", '"', '\\', '\n', '{', '}', '\t', ''];

  it('gives just the edit, or is refused; nothing else changes', async () => {
    let numApplied = 0;
    for (let seed = 0; seed < 150; seed++) {
      const next = random(seed * 7919);
      const literals = Array.from({ length: 1 + next(3) }, () => {
        const quote = pick(next, ["'", '"', '"""', "'''"]);
        const body = Array.from({ length: next(7) }, () => pick(next, WRITTEN));
        return `${pick(next, ['', 'f', 'r', 'rf'])}${quote}${body.join('')}${quote}`;
      });
      const [head, tail] = ['o = "a"\np = (', ')\nq = f"{p}"  # \'"'];
      const notebook = oneCell(head + literals.join(' ') + tail);
      let wanted = '';
      const { source: now } = await applied({
        notebook,
        which: 1,
        edit: text => {
          const units = Array.from(text);
          units.splice(next(units.length + 1), next(3), pick(next, TYPED));
          wanted = units.join('');
          return wanted;
        }
      });
      if (now === undefined) {
        continue;
      }
      numApplied++;
      expect([now.startsWith(head), now.endsWith(tail)]).toEqual([true, true]);
      const again = await applied({
        notebook: oneCell(now),
        which: 1,
        edit: text => text
      });
      expect(again.value).toBe(wanted);
      expect(again.source).toBe(now);
    }
    expect(numApplied).toBeGreaterThan(90);
  });
});
