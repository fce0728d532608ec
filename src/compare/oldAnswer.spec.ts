import type { AnswerToken } from '../api';
import { sentencesOf } from './oldAnswer';

const token = (text: string, logprob: number | null): AnswerToken => ({
  id: 1,
  piece: text,
  text,
  kind: 'text',
  logprob,
  alternatives: []
});

describe('compare/oldAnswer', () => {
  it('says of each sentence how likely its tokens are, cut as they may be', () => {
    const old = [
      token(' It', -0.1),
      token(' is.', -0.3),
      token(' Try it.', Math.log(0.98))
    ];
    const scored = [
      token(' I', -0.2),
      token('t is.', -0.4),
      token(' Try', Math.log(0.5)),
      token(' it.', Math.log(0.5))
    ];
    const [first, second] = sentencesOf(old, scored);
    expect(first.text).toBe('It is.');
    expect(first.whole).toBeCloseTo(Math.exp(-0.2));
    expect(first.without).toBeCloseTo(Math.exp(-0.3));
    expect(second.text).toBe('Try it.');
    expect(second.whole).toBeCloseTo(0.98);
    expect(second.without).toBeCloseTo(0.5);
  });

  it('leaves out what has no probability', () => {
    expect(sentencesOf([token('A.', null)], [token('A.', -1)])).toEqual([]);
  });
});
