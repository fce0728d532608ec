import { patternStarts } from './pattern';
import { segment } from './segment';
import type { Granularity } from './segment';
import type { LineJoining } from './wrapped';
import type { ITextToken, TokenSpan } from './token';

interface ICase {
  name: string;
  granularity: Granularity;
  tokens: ITextToken[];
  seam: number;
  segments: TokenSpan[];
  /** Of granularity `custom`. */
  pattern?: string;
  joinLines?: LineJoining;
}

const { cases } = jest.requireActual<{ cases: ICase[] }>(
  '../../tests/fixtures/text/segments.json'
);

describe('salience/segment', () => {
  it.each(cases.map(c => [`${c.granularity}: ${c.name}`, c] as const))(
    '%s',
    (_, c) => {
      const text = ([start, end]: readonly number[]) =>
        c.tokens
          .slice(start, end)
          .map(t => t.text)
          .join('');
      const { pattern } = c;
      const custom =
        pattern === undefined
          ? null
          : (all: string) => patternStarts(all, pattern);
      const spans = segment(c.tokens, c.seam, c.granularity, {
        custom,
        joinLines: c.joinLines
      });
      // Texts first: they tell a failure better than numbers do.
      expect(spans.map(text)).toEqual(c.segments.map(text));
      expect(spans).toEqual(c.segments);
    }
  );
});
