import { differentWords, wordsOf } from './words';

const texts = (text: string) => wordsOf(text).map(word => word.text);

/** What is only in one of two texts, as text. */
function only(left: string, right: string): [string[], string[]] {
  const found = differentWords(left, right);
  return [
    found.left.map(span => left.slice(...span)),
    found.right.map(span => right.slice(...span))
  ];
}

describe('compare/words', () => {
  it('parts words from signs, but not within a word', () => {
    expect(texts("Don't try it, (well-known) 3.5!")).toEqual(
      "Don't|try|it|,|(|well-known|)|3|.|5|!".split('|')
    );
  });

  it('knows no words in blanks', () => {
    expect(texts(' \n\t ')).toEqual([]);
    expect(texts('')).toEqual([]);
  });

  it('cuts scripts without blanks by their dictionary', () => {
    expect(texts('我喜欢鸡蛋').join('')).toBe('我喜欢鸡蛋');
    expect(texts('我喜欢鸡蛋').length).toBeGreaterThan(1);
  });

  it('says where words stand', () => {
    expect(wordsOf('  a b')).toEqual([
      { text: 'a', start: 2 },
      { text: 'b', start: 4 }
    ]);
    expect(wordsOf('😀 b')).toEqual([
      { text: '😀', start: 0 },
      { text: 'b', start: 3 }
    ]);
  });

  it('finds no difference where only blanks differ', () => {
    expect(only('a  b\nc', ' a b c ')).toEqual([[], []]);
  });

  it('finds changed, removed and added words', () => {
    expect(only('You have to try it.', 'You must try it now.')).toEqual([
      ['have to'],
      ['must', 'now']
    ]);
    expect(only('one two three', 'one three')).toEqual([['two'], []]);
    expect(only('', 'all new')).toEqual([[], ['all new']]);
  });

  it('marks a sign without its word', () => {
    expect(only('Avoid it.', 'Avoid it!')).toEqual([['.'], ['!']]);
  });

  it('tells upper from lower case', () => {
    expect(only('the Cheese', 'the cheese')).toEqual([['Cheese'], ['cheese']]);
  });
});
