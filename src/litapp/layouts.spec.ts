import { queryOf, readLayout } from './layouts';

describe('queryOf', () => {
  it('writes a prompt as the datapoint that LIT reads from its address', () => {
    const prompt = 'a & b=c\n"é" + 100% 😀?';
    const query = new URLSearchParams(
      queryOf({
        layout: 'three_panel',
        model: 'demo',
        prompt,
        target: ' Avoid.'
      })
    );
    expect(Object.fromEntries(query)).toEqual({
      layout: 'three_panel',
      models: 'demo',
      dataset: 'prompts',
      data0_prompt: prompt,
      data0_target: ' Avoid.'
    });
  });

  it('shows the samples where there is no prompt', () => {
    const query = queryOf({
      layout: 'left_right',
      model: 'demo',
      prompt: '',
      target: ''
    });
    expect(Object.fromEntries(new URLSearchParams(query))).toEqual({
      layout: 'left_right',
      models: 'demo',
      dataset: 'sample_prompts'
    });
  });
});

describe('readLayout', () => {
  it('takes what there is, and the first for all else', () => {
    expect(readLayout('top_bottom')).toBe('top_bottom');
    for (const other of ['', 'default', 7, undefined, null, {}]) {
      expect(readLayout(other)).toBe('left_right');
    }
  });
});
