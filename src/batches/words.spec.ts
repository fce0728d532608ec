import { rate, signed, withoutShared } from './words';

describe('batches/words', () => {
  it('leaves out with what all prompts begin, up to a word', () => {
    const start = 'You are a helpful assistant. Answer: ';
    expect(
      withoutShared([`${start}where is Rome?`, `${start}what is it?`])
    ).toEqual(['… where is Rome?', '… what is it?']);
    expect(withoutShared(['What is red?', 'What is blue?'])).toEqual([
      'What is red?',
      'What is blue?'
    ]);
    expect(withoutShared(['One\nprompt only, of some words'])).toEqual([
      'One prompt only, of some words'
    ]);
    expect(withoutShared([])).toEqual([]);
  });

  it('says 100% only of all, and 0% only of none', () => {
    expect([rate(999, 1000), rate(1, 1000), rate(0, 5), rate(5, 5)]).toEqual([
      '99%',
      '1%',
      '0%',
      '100%'
    ]);
  });

  it('has a sign where a figure is not zero', () => {
    expect([signed(0.1234), signed(-0.5), signed(-0.0001)]).toEqual([
      '+0.123',
      '−0.500',
      '0.000'
    ]);
  });
});
