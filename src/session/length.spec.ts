import { charactersOf, firstCharacters, isLonger } from './length';

describe('the length of a text', () => {
  it('is counted in characters, not in units', () => {
    expect(charactersOf('')).toBe(0);
    expect(charactersOf('soup')).toBe(4);
    expect(charactersOf('🍲🍲a')).toBe(3);
    expect(charactersOf('\ude00\ud83d')).toBe(2);
    for (const text of ['a🍲', '🍲', '\ud83da', '🍲\ud83d']) {
      expect(charactersOf(text)).toBe([...text].length);
    }
  });

  it('is compared with a limit in characters', () => {
    expect(isLonger('🍲🍲', 2)).toBe(false);
    expect(isLonger('🍲🍲a', 2)).toBe(true);
    expect(isLonger('abc', 3)).toBe(false);
    expect(isLonger('abcdefg', 3)).toBe(true);
  });

  it('is cut between characters', () => {
    expect(firstCharacters('a🍲b', 2)).toBe('a🍲');
    expect(firstCharacters('a🍲b', 9)).toBe('a🍲b');
    expect(firstCharacters('a🍲b', 0)).toBe('');
  });
});
