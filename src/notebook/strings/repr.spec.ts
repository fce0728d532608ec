import { repr } from './repr';

describe('repr', () => {
  it.each([
    ["it's", '"it\'s"'],
    ['\'"', "'\\'\"'"],
    ['a\n\\\u00a0\u2028é🥚', "'a\\n\\\\\\xa0\\u2028é🥚'"]
  ])('of %j', (text, expected) => {
    expect(repr(text)).toBe(expected);
  });
});
