import type { AnswerToken, Turn } from '../api';
import { lastSentence } from './target';

describe('session/target: the last sentence of an answer', () => {
  const sentence = (
    parts: string[],
    reason: 'end' | 'stop' | 'length' | 'window',
    request: { prompt: string; turns?: Turn[] } = { prompt: '' }
  ) => {
    const answerTokens = parts.map(
      text => ({ id: 5, text, kind: 'text' }) as unknown as AnswerToken
    );
    const span = lastSentence(
      { ...request, promptTokens: [], answerTokens, reason },
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

  const FEW_SHOT = 'Dish: soup\nAdvice: yes\n\nDish: pie\nAdvice:';
  const PARTS = [' No.', '\n', '\n', 'Dish:', ' tart', '\n', 'Advice:', ' Yes'];

  it.each([
    ['length', PARTS],
    ['end', PARTS],
    // What goes on at once with an example has nothing before it.
    ['end', ['\n', 'Dish:', ' tart', '\n', 'Advice:', ' No.']],
    // Only at the beginning of a line.
    ['end', [' Dish: tart', '\n', 'Advice:', ' No.']]
  ] as const)(
    'is the last one before another example: %s, %j',
    (reason, parts) => {
      const found = sentence([...parts], reason, { prompt: FEW_SHOT });
      expect(found).toMatch(/No\.$/);
    }
  );

  it('leaves the turns of a conversation as they are', () => {
    const turns: Turn[] = [{ role: 'user', text: FEW_SHOT }];
    const request = { prompt: FEW_SHOT, turns };
    expect(sentence(PARTS, 'end', request)).toBe('Advice: Yes');
  });

  it('is none for blanks', () => {
    expect(sentence([' ', '\n'], 'end')).toBeNull();
  });
});
