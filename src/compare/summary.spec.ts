import { nullTranslator } from '@jupyterlab/translation';

import type { ChatUse } from '../api';
import { startRun } from '../session/run';
import type { IRun } from '../session/run';
import { summarize } from './summary';

const trans = nullTranslator.load('lit_lab');
const SAME = { changes: [], same: 1, words: { left: [], right: [] } };

function asked(chatUse: ChatUse): IRun {
  const request = {
    model: 'gemma',
    prompt: 'Onion',
    values: {},
    sampling: {},
    origin: null
  };
  return { ...startRun(request, ''), chatUse };
}

describe('compare/summary', () => {
  const said = (left: ChatUse, right: ChatUse) =>
    summarize(
      { left: asked(left), right: asked(right), prompt: SAME, answer: SAME },
      trans
    );

  it('says where only one was in a chat format', () => {
    expect(said('wrapped', 'plain')).toEqual([
      'The same prompt.',
      'Prompted differently: chat format and no chat format.',
      'The same answer.'
    ]);
  });

  it('says where they were to stop at different texts', () => {
    const left = asked('plain');
    const sides = { left, right: { ...left, stop: ['Q:'] } };
    const say = (forcedAnswer?: string) =>
      summarize(
        {
          ...sides,
          left: { ...left, forcedAnswer },
          prompt: SAME,
          answer: SAME
        },
        trans
      );
    expect(say()).toContain('Different texts to stop at: none and “Q:”.');
    const same = { ...left, stop: ['Q:', 'A:'] };
    expect(
      summarize(
        {
          left: same,
          right: { ...same, stop: ['A:', 'Q:'] },
          prompt: SAME,
          answer: SAME
        },
        trans
      ).join(' ')
    ).not.toContain('stop at');
    // A forced answer is stopped nowhere.
    expect(say('Avoid.')).toHaveLength(2);
  });

  it('says nothing where both were', () => {
    expect(said('wrapped', 'wrapped')).toEqual([
      'The same prompt.',
      'The same answer.'
    ]);
  });
});
