import type { TranslationBundle } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { BatchInfo, ModelInfo } from '../api';
import type { ISettings } from '../session/settings';

/** The settings with which a batch's rows have their answers. */
export function settingsOf(batch: BatchInfo): Partial<ISettings> {
  const { sampling } = batch;
  return {
    maxNewTokens: batch.max_new_tokens,
    stop: batch.stop,
    chat: batch.chat,
    thinking: batch.thinking,
    temperature: sampling.temperature,
    topK: sampling.top_k ?? 0,
    topP: sampling.top_p ?? 1,
    seed: sampling.seed,
    repetitionPenalty: sampling.repetition_penalty,
    samples: 1
  };
}

/**
 * Throw if the panel no longer has a batch's model: another one's answers would
 * look like the batch's.
 *
 * @param models - empty: not listed yet.
 */
export function checkModel(
  batch: BatchInfo,
  models: readonly ModelInfo[],
  trans: TranslationBundle
): void {
  if (models.length > 0 && !models.some(({ name }) => name === batch.model)) {
    throw new ApiError(
      {
        error: 'unknown_model',
        message: trans.__('The panel no longer has the model %1.', batch.model),
        hint: trans.__(
          'Add it in Models, or run the rows again on another one.'
        )
      },
      404
    );
  }
}
