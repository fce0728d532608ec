/** The sets of deleted sentences that LIME and SHAP start from: those that effects scored. */
import type { EditedText } from '../api';
import { numFitted, targetLogprob } from '../salience';
import type { TokenSpan } from '../salience';
import type { IAblationSegment } from './ablationSegments';
import type { IEffectSource } from './effectSegments';
import type { IText } from './runText';
import { modeOf } from './run';
import type { IRun } from './run';

/** What an ablation method removes, and what is known without it. */
export interface ICachedSets {
  readonly parts: readonly IAblationSegment[];
  readonly edited: EditedText;
}

/**
 * The sets of a prompt's sentences that are scored, without those that measure maps.
 *
 * @returns null if the text has other segments, if only some sentences were deleted, or
 *   if the chat format has the turns in another order than the conversation.
 */
export function cachedSets(
  run: Pick<IRun, 'prompt' | 'turns' | 'chatUse' | 'thinks'>,
  { segments, table, passages }: IEffectSource,
  text: IText,
  target: TokenSpan
): ICachedSets | null {
  const { spans, texts, seam } = segments;
  if (passages || target[0] < seam) {
    return null;
  }
  const places = new Map(text.segments.map((span, i) => [span.join(':'), i]));
  const parts = texts.map((_, i): IAblationSegment => ({
    index: places.get(spans[i].join(':')) ?? -1,
    span: spans[i]
  }));
  const isOrdered = parts.every(
    ({ index, span }, i) =>
      index >= 0 && (i === 0 || parts[i - 1].span[1] <= span[0])
  );
  if (!isOrdered) {
    return null;
  }
  const within: TokenSpan = [target[0] - seam, target[1] - seam];
  const known = [...table.sets, ...table.chosen].flatMap(set => {
    const logprob = targetLogprob(set, within);
    const isPrompts = set.removed.every(index => index < texts.length);
    return logprob === null || !isPrompts || set.kind === 'held_out'
      ? []
      : [{ ...set, logprob: Math.min(0, logprob) }];
  });
  // Those that the method happens to try cost nothing again; it fits to all random ones.
  // Of a block that isn't complete, the first ones aren't random: a block is sorted.
  const inBlocks = known
    .filter(({ kind }) => kind === 'random')
    .slice(0, numFitted(table));
  const random = new Set(inBlocks);
  const fixed = known.filter(set => !random.has(set));
  const sets = [...fixed, ...inBlocks];
  return {
    parts,
    edited: {
      ...(run.turns ? { turns: [...run.turns] } : { prompt: run.prompt }),
      chat: modeOf(run.chatUse),
      thinking: run.thinks,
      answer_start: seam,
      segments: [...texts],
      removed: sets.map(({ removed }) => [...removed]),
      logprobs: sets.map(({ logprob }) => logprob),
      num_random: inBlocks.length
    }
  };
}
