import type { ITextToken } from './token';
import { GRANULARITIES, segment } from './segment';

interface ICase {
  name: string;
  value: string;
  tokens: ITextToken[];
}

const { cases } = jest.requireActual<{ cases: ICase[] }>(
  '../../tests/fixtures/text/tokens.json'
);

/** What the service's tokens promise, and what is shown rests on. */
describe.each(cases)('tokens of $name', ({ value, tokens }) => {
  it('join to the value', () => {
    const shown = tokens.filter(token => token.kind !== 'template');
    expect(shown.map(token => token.text).join('')).toBe(value);
    const added = tokens.filter(token => token.kind === 'template');
    expect(added.map(token => token.text).join('')).toBe('');
  });

  it.each(GRANULARITIES)('are shown whole and in order as %s', granularity => {
    const spans = segment(tokens, tokens.length, granularity);
    const shown = spans.flatMap(([start, end]) => tokens.slice(start, end));
    const visible = tokens.filter(token => token.kind !== 'template');
    // Nothing but blanks makes no segment.
    expect(shown).toEqual(value.trim() === '' ? [] : visible);
  });
});
