/** The cases that tests/text/generate_segments.py makes, with what Python's twin of this folder makes of them. */
import { patternStarts } from './pattern';
import { segment } from './segment';
import type { Granularity, ICutOptions } from './segment';
import { AGGREGATIONS, mapSalience } from './shares';
import { thoughtEnd } from './thought';
import type { TokenSpan } from './token';
import { writtenTurns } from './turns';
import type { ISpelledToken } from './turns';
import { LINE_JOININGS } from './wrapped';

type Rows = (number | null)[][];

interface ICase {
  tokens: string[];
  control: number[];
  template: [index: number, piece: string][];
  seam: number;
  pattern: string;
  scores?: number[];
  target?: TokenSpan;
  /** Null: Python doesn't know it. */
  results: Record<string, number[] | null> & {
    turns: (number | string)[][];
    thought: number | null;
  } & Partial<Record<(typeof AGGREGATIONS)[number], Rows>>;
}

const { cases } = jest.requireActual<{ cases: ICase[] }>(
  '../../tests/fixtures/text/generated.json'
);

const ALL = cases.map(({ tokens, control, template, seam, ...rest }) => {
  const made: ISpelledToken[] = tokens.map((text, i) => ({
    text,
    kind: control.includes(i) ? 'control' : 'text'
  }));
  for (const [i, piece] of template) {
    made[i] = { text: '', kind: 'template', piece };
  }
  return { tokens: made, seam, ...rest };
});

/** Expect it of all cases that Python knows a list for. Texts say more than numbers do where it isn't so. */
function expectAll(
  name: string,
  make: (c: (typeof ALL)[number]) => unknown
): void {
  const known = ALL.filter(c => name === 'thought' || c.results[name] !== null);
  expect(known.length).toBeGreaterThan(100);
  const wrong = known
    .map(c => ({ case: c, made: make(c) }))
    .filter(
      ({ case: c, made }) =>
        JSON.stringify(made) !== JSON.stringify(c.results[name])
    )
    .map(({ case: c, made }) => ({
      texts: c.tokens.map(({ text }) => text),
      made,
      expected: c.results[name]
    }));
  expect(wrong).toEqual([]);
}

describe('salience, as Python', () => {
  it.each<Granularity>(['words', 'lines', 'paragraphs'])(
    'cuts %s',
    granularity => {
      expectAll(granularity, c =>
        segment(c.tokens, c.seam, granularity).flat()
      );
    }
  );

  it.each(LINE_JOININGS)('cuts sentences, joining %s', joinLines => {
    expectAll(`sentences ${joinLines}`, c =>
      segment(c.tokens, c.seam, 'sentences', { joinLines }).flat()
    );
  });

  it('cuts by an expression', () => {
    expectAll('custom', c => {
      const options: ICutOptions = {
        custom: text => patternStarts(text, c.pattern)
      };
      return segment(c.tokens, c.seam, 'custom', options).flat();
    });
  });

  it('finds turns and thoughts', () => {
    expectAll('turns', c =>
      writtenTurns(c.tokens, c.seam).map(({ span, role }) => [...span, role])
    );
    expectAll('thought', c => thoughtEnd(c.tokens, c.seam));
  });

  it.each(AGGREGATIONS)('has the same shares of %s', how => {
    const scored = ALL.filter(c => c.results[how] !== undefined);
    expect(scored.length).toBeGreaterThan(20);
    for (const c of scored) {
      const spans = segment(c.tokens, c.seam, 'sentences');
      const map = mapSalience(c.tokens, c.scores!, spans, c.target!, how);
      expect([
        ...map.segments.map(s => [...s.span, s.score, s.share, s.rank]),
        [map.templateShare, map.maxShare]
      ]).toEqual(c.results[how]);
    }
  });
});
