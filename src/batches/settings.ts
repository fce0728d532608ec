import type { BatchInfo } from '../api';
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
