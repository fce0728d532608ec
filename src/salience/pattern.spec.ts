import { compile, patternStarts } from './pattern';
import { segment } from './segment';

describe('salience/pattern', () => {
  it('begins a segment behind each match', () => {
    expect(patternStarts('a, b; c', '[,;]\\s')).toEqual([0, 3, 6]);
    // What ends the text begins nothing.
    expect(patternStarts('a, b, ', ', ')).toEqual([0, 3]);
    expect(patternStarts('nothing', 'x')).toEqual([0]);
    expect(patternStarts('', '\\n')).toEqual([0]);
  });

  it('takes matches of nothing, which begin a segment where they are', () => {
    expect(patternStarts('One Two Three', '(?=[A-Z])')).toEqual([0, 4, 8]);
    expect(patternStarts('ab', '')).toEqual([0, 1]);
    expect(patternStarts('ab', '^')).toEqual([0]);
    expect(patternStarts('a\nb', '^')).toEqual([0, 2]);
  });

  it('counts UTF-16 units, and never parts a character', () => {
    expect(patternStarts('😀😀a', '.')).toEqual([0, 2, 4]);
    // Without the flag `u`, which `\\-` excludes, a dot is half of it.
    expect(patternStarts('😀😀a', '\\-|.')).toEqual([0, 2, 4]);
    expect(patternStarts('😀 b', '(?!\\S)')).toEqual([0, 2]);
  });

  it('takes escapes that only older expressions know, and no nonsense', () => {
    expect(patternStarts('a-b', '\\-')).toEqual([0, 2]);
    expect(() => compile('(')).toThrow(SyntaxError);
  });

  it('is sentences until where it cuts is known', () => {
    const tokens = ['One,', ' two.', ' Three.'].map(text => ({
      text,
      kind: 'text' as const
    }));
    expect(segment(tokens, 3, 'custom', { custom: () => null })).toEqual([
      [0, 2],
      [2, 3]
    ]);
    expect(segment(tokens, 3, 'custom', { custom: () => [0, 5] })).toEqual([
      [0, 1],
      [1, 3]
    ]);
  });
});
