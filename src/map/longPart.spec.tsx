import { firstWords } from './longPart';

const LONG =
  'The committee that met in the old town hall on Thursday evening decided, after a long debate, to close the bridge.';

describe('firstWords', () => {
  it('keeps a text that fits whole', () => {
    expect(firstWords('It is warm.')).toEqual(['It is warm.', '']);
    expect(firstWords(LONG.slice(0, 72))).toEqual([LONG.slice(0, 72), '']);
  });

  it('cuts a long text behind a word, and loses nothing', () => {
    const [first, rest] = firstWords(LONG);
    expect(first).toBe(
      'The committee that met in the old town hall on Thursday'
    );
    expect(first + rest).toBe(LONG);
  });

  it('counts wide characters as two', () => {
    const text = '東京は日本の首都です。'.repeat(10);
    const [first, rest] = firstWords(text);
    expect(first + rest).toBe(text);
    expect(first.length).toBeLessThanOrEqual(30);
    expect(first.length).toBeGreaterThan(20);
  });

  it('cuts a word that is longer than that, between characters', () => {
    const word = 'a'.repeat(200);
    expect(firstWords(word)).toEqual(['a'.repeat(60), 'a'.repeat(140)]);
    expect(firstWords(`"${word}`)[0]).toHaveLength(60);
    expect(firstWords(`- ${'='.repeat(100)}`)[0]).toHaveLength(60);
    const accented = 'u\u0308'.repeat(80);
    expect(firstWords(accented)[0]).toBe('u\u0308'.repeat(60));
    const family = '👩‍👩‍👧‍👦';
    expect(firstWords(family.repeat(40))[0]).toBe(family.repeat(30));
  });
});
