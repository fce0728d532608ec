import { alignParts, likeness } from './align';

const aligned = (left: string[], right: string[]) =>
  alignParts(left, right).map(
    pair => `${pair.left ?? '–'} ${pair.kind} ${pair.right ?? '–'}`
  );

const SHOT = [
  "Taste-likes: I've a sweet-tooth\n",
  "Taste-dislikes: Don't like onions or garlic\n",
  'Suggestion: Onion soup\n',
  "Analysis: it has cooked onions in it, which you don't like.\n",
  'Recommendation: You have to try it.\n\n'
];

describe('compare/align', () => {
  it('aligns nothing with nothing', () => {
    expect(aligned([], [])).toEqual([]);
    expect(aligned(['a'], [])).toEqual(['0 removed –']);
    expect(aligned([], ['a'])).toEqual(['– added 0']);
  });

  it('takes parts that differ in blanks for the same', () => {
    expect(aligned(['a  b\n\n', ' c'], ['a b', 'c '])).toEqual([
      '0 same 0',
      '1 same 1'
    ]);
  });

  it('tells a removed part', () => {
    expect(aligned(SHOT, SHOT.slice(0, 4))).toEqual([
      '0 same 0',
      '1 same 1',
      '2 same 2',
      '3 same 3',
      '4 removed –'
    ]);
  });

  it('tells an added part', () => {
    expect(aligned(['a', 'c'], ['a', 'b', 'c'])).toEqual([
      '0 same 0',
      '– added 1',
      '1 same 2'
    ]);
  });

  it('takes a part in the same place for changed when little is common', () => {
    const right = [...SHOT.slice(0, 4), 'Recommendation: Avoid.\n\n'];
    expect(aligned(SHOT, right)[4]).toBe('4 changed 4');
  });

  it('does not pair what has no word in common', () => {
    expect(aligned(['x', 'one two', 'y'], ['x', 'three four', 'y'])).toEqual([
      '0 same 0',
      '1 removed –',
      '– added 1',
      '2 same 2'
    ]);
    // Full stops are no words.
    expect(aligned(['One.'], ['Two.'])).toEqual(['0 removed –', '– added 0']);
  });

  it('pairs what is alike in a gap, in order', () => {
    expect(
      aligned(
        ['The cat sat on the mat.', 'Dogs bark at night.'],
        ['Something else.', 'The cat sat on a mat.', 'Dogs bark at strangers.']
      )
    ).toEqual(['– added 0', '0 changed 1', '1 changed 2']);
  });

  it('never crosses pairs', () => {
    const pairs = alignParts(['a b c d', 'e f g h'], ['e f g x', 'a b c x']);
    const both = pairs.filter(pair => pair.kind === 'changed');
    expect(both).toHaveLength(1);
  });

  it('keeps both orders, whatever the parts', () => {
    const left = [...'abcabdacbd'].map(letter => `${letter} one two three`);
    const right = [...'bcadbbcaad'].map(letter => `${letter} one two four`);
    const pairs = alignParts(left, right);
    const all = (side: 'left' | 'right') =>
      pairs.flatMap(pair => pair[side] ?? []);
    expect(all('left')).toEqual(left.map((_, i) => i));
    expect(all('right')).toEqual(right.map((_, i) => i));
  });

  it('copes with thousands of parts that all differ', () => {
    const left = Array.from({ length: 2000 }, (_, i) => `left ${i} of it`);
    const right = Array.from({ length: 2000 }, (_, i) => `right ${i} of it`);
    const pairs = alignParts(left, right);
    expect(pairs.filter(pair => pair.kind === 'changed')).toHaveLength(2000);
  });

  it('measures likeness by words, from 0 to 1', () => {
    expect(likeness('a b c', 'a b c')).toBe(1);
    expect(likeness('a b', 'c d')).toBe(0);
    expect(likeness('a b', 'A c')).toBe(0.5);
    expect(likeness('a a', 'a')).toBeCloseTo(2 / 3);
    expect(likeness('', '')).toBe(0);
  });
});
