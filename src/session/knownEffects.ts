/** The effects on a target that are known: of a long prompt, also those of its passages. */
import { effectsOn, leastEffect } from '../salience';
import type { IEffect, TokenSpan } from '../salience';
import type { IEffectSource, IEffectTables } from './effectSegments';
import type { IPassageEffect } from './mapEffects';

/** What is known of some parts of a text. */
export interface IKnownEffects {
  /** For each part, its effect; null: it has none of its own. */
  readonly all: readonly (IEffect | null)[];
  /** The segments that were deleted, at random, too. */
  readonly tables: IEffectTables;
  /**
   * Of the sentences of a long prompt: the passage of each that wasn't looked into;
   * absent: each has an effect.
   */
  readonly passages?: readonly (IPassageEffect | null)[];
}

/**
 * The effects of parts of a text, which are the sentences of a prompt, or the passages of
 * a long one.
 *
 * @param spans - of the parts.
 * @param target - in the answer.
 * @returns null if they are others, or if not all effects are known.
 */
export function knownEffects(
  spans: readonly TokenSpan[],
  target: TokenSpan,
  source: IEffectSource
): IKnownEffects | null {
  const shown = new Set(spans.map(keyOf));
  const known = effectsIn(source, target);
  if (!known) {
    return null;
  }
  const { passages } = source;
  if (!passages) {
    return isShown(source, known, shown)
      ? { all: allOf(spans, known), tables: source }
      : null;
  }
  const whole = effectsIn(passages, target);
  if (!whole) {
    return null;
  }
  if (passages.areParagraphs && isShown(passages, whole, shown)) {
    return { all: allOf(spans, whole), tables: passages };
  }
  const { isLooked, sentences, segments } = passages;
  const areSentences =
    isShown(source, known, shown) &&
    sentences.every(span => shown.has(keyOf(span)));
  if (!isLooked || !areSentences) {
    return null;
  }
  // Each sentence is one that was looked into, or in one passage.
  const around = segments.spans.slice(0, segments.texts.length);
  const sizes = around.map(span =>
    Math.abs(whole.get(keyOf(span))?.delta ?? 0)
  );
  const least = leastEffect(Math.max(0, ...sizes), target);
  const within = placesIn(spans, around);
  // A sentence that is a passage by itself was deleted, too.
  const all = allOf(spans, new Map([...whole, ...known]));
  return {
    all,
    tables: source,
    passages: within.map((at, i): IPassageEffect | null => {
      const effect =
        all[i] || at < 0 ? undefined : whole.get(keyOf(around[at]));
      return effect
        ? {
            ...effect,
            isSmall: sizes[at] < least,
            isParagraph: passages.areParagraphs
          }
        : null;
    })
  };
}

/** A target counted from the answer's first token; null if it isn't in the answer. */
export function answerSpan(
  [start, end]: TokenSpan,
  seam: number
): TokenSpan | null {
  return start >= seam ? [start - seam, end - seam] : null;
}

/** What a span is known by. */
export function keyOf([start, end]: TokenSpan): string {
  return `${start}:${end}`;
}

/** The effects of a table's segments, by their spans; null if the target isn't in the answer. */
function effectsIn(
  { segments: { spans, seam }, table }: IEffectTables,
  of: TokenSpan
): Map<string, IEffect> | null {
  const target = answerSpan(of, seam);
  if (!target) {
    return null;
  }
  const known = new Map<string, IEffect>();
  effectsOn(table, spans.length, target).forEach((effect, i) => {
    if (effect) {
      known.set(keyOf(spans[i]), effect);
    }
  });
  return known;
}

/** Whether a table's segments of the prompt are all shown, and have known effects. */
function isShown(
  { segments: { spans, texts } }: IEffectTables,
  known: ReadonlyMap<string, IEffect>,
  shown: ReadonlySet<string>
): boolean {
  return texts.every((_, i) => {
    const key = keyOf(spans[i]);
    return known.has(key) && shown.has(key);
  });
}

function allOf(
  spans: readonly TokenSpan[],
  known: ReadonlyMap<string, IEffect>
): (IEffect | null)[] {
  return spans.map(span => known.get(keyOf(span)) ?? null);
}

/** The passage that each part is in; -1: none. */
function placesIn(
  spans: readonly TokenSpan[],
  around: readonly TokenSpan[]
): number[] {
  const order = [...around.keys()].sort((a, b) => around[a][0] - around[b][0]);
  let next = 0;
  return spans.map(([start, end]) => {
    while (next < order.length && around[order[next]][1] <= start) {
      next++;
    }
    const at = next < order.length ? order[next] : -1;
    return at >= 0 && around[at][0] <= start && end <= around[at][1] ? at : -1;
  });
}
