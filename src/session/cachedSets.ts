/** Sets of deleted sentences that are already scored, from which LIME and SHAP start. */
import type { EditedText } from '../api';
import { numFitted, targetLogprob } from '../salience';
import type { TokenSpan } from '../salience';
import type { IAblationSegment } from './ablationSegments';
import type { IEffectSource } from './effectSegments';
import type { IText } from './runText';
import { modeOf } from './run';
import type { IRun } from './run';

/** What an ablation method removes, and the scores that are already known. */
export interface ICachedSets {
  readonly parts: readonly IAblationSegment[];
  readonly edited: EditedText;
}

/**
 * The scored sets of a prompt's sentences, except the held-out sets that measure maps.
 *
 * @returns null if the text has other segments, if only some sentences were deleted, or
 *   if the chat format changes the order of the conversation's turns.
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
    // The method's own scores are exact.
    const isExact = set.difference === null;
    return logprob === null || !isPrompts || !isExact || set.kind === 'held_out'
      ? []
      : [{ ...set, logprob: Math.min(0, logprob) }];
  });
  // The method uses every scored set that it would draw anyway, and fits its scores to all random sets.
  // In an incomplete block, the first sets aren't random, because each block is sorted.
  const inBlocks = known
    .filter(({ kind }) => kind === 'random')
    .slice(0, numFitted({ sets: known }));
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
