import type { AnswerToken } from '../api';
import { lastSentence } from './target';

describe('session/target: the last sentence of an answer', () => {
  const sentence = (
    parts: string[],
    reason: 'end' | 'stop' | 'length' | 'window'
  ) => {
    const answerTokens = parts.map(
      text => ({ id: 5, text, kind: 'text' }) as unknown as AnswerToken
    );
    const span = lastSentence(
      { promptTokens: [], answerTokens, reason },
      { joinLines: 'off' }
    );
    return (
      span &&
      parts
        .slice(...span)
        .join('')
        .trim()
    );
  };

  it.each([
    ['end', ['It is.', ' Try', ' it'], 'Try it'],
    ['stop', ['It is.', ' Try', ' it'], 'Try it'],
    ['length', ['It is.', ' Try', ' it.'], 'Try it.'],
    ['length', ['It is.', ' “Try', ' it.”'], '“Try it.”'],
    ['length', ['It is', '\n', 'Try it', '\n'], 'Try it'],
    ['length', ['It is.', ' Try', ' it'], 'It is.'],
    ['window', ['It is.', ' Try', ' it'], 'It is.'],
    ['length', ['It', ' is'], 'It is']
  ] as const)('that ended by %s: %j', (reason, parts, found) => {
    expect(sentence([...parts], reason)).toBe(found);
  });

  it('is none for blanks', () => {
    expect(sentence([' ', '\n'], 'end')).toBeNull();
  });
});
