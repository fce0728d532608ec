import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { ModelInfo } from '../api';
import { fakeBatch } from './fakes';
import { checkModel, settingsOf } from './settings';

const trans = nullTranslator.load('lit_lab');

/** Models with these names. */
const named = (...names: string[]) =>
  names.map(name => ({ name }) as unknown as ModelInfo);

describe('batches/settings', () => {
  it('are those of the batch, with one answer for each prompt', () => {
    expect(
      settingsOf(
        fakeBatch({
          max_new_tokens: 7,
          stop: ['END'],
          sampling: {
            temperature: 0.5,
            top_k: null,
            top_p: 0.9,
            seed: 3,
            repetition_penalty: 1.1
          }
        })
      )
    ).toEqual({
      maxNewTokens: 7,
      stop: ['END'],
      chat: 'auto',
      thinking: false,
      temperature: 0.5,
      topK: 0,
      topP: 0.9,
      seed: 3,
      repetitionPenalty: 1.1,
      samples: 1
    });
  });

  it('need the batch’s model, not another one in its place', () => {
    const batch = fakeBatch({ model: 'gone' });
    expect(() => checkModel(batch, named('demo'), trans)).toThrow(ApiError);
    expect(() => checkModel(batch, named('demo'), trans)).toThrow('gone');
    expect(() => checkModel(batch, named('demo', 'gone'), trans)).not.toThrow();
    expect(() => checkModel(batch, [], trans)).not.toThrow();
  });
});
