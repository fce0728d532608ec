/** The known effects on a target, including those of a long prompt's passages. */
import { effectsOn, leastEffect } from '../salience';
import type { IEffect, TokenSpan } from '../salience';
import type { IEffectSource, IEffectTables } from './effectSegments';
import type { IPassageEffect } from './mapEffects';

/** The known effects of parts of a text. */
export interface IKnownEffects {
  /** The effect of each part; null if the part has none of its own. */
  readonly all: readonly (IEffect | null)[];
  /** The table of all deleted segments, including random sets. */
  readonly tables: IEffectTables;
  /**
   * For the sentences of a long prompt: the passage of each sentence that wasn't deleted alone;
   * absent if each sentence has an effect.
   */
  readonly passages?: readonly (IPassageEffect | null)[];
}

/**
 * The effects of parts of a text: the sentences of a prompt, or the passages of a long one.
 *
 * @param spans - the parts' token spans.
 * @param target - the target, in the answer.
 * @returns null if effects were computed for other parts, or if some effects are unknown.
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
  // Each sentence was deleted alone, or belongs to one passage.
  const around = segments.spans.slice(0, segments.texts.length);
  const sizes = around.map(span =>
    Math.abs(whole.get(keyOf(span))?.delta ?? 0)
  );
  const least = leastEffect(Math.max(0, ...sizes), target);
  const within = placesIn(spans, around);
  // The deletion of a passage with a single sentence is that of the sentence.
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

/** Identifies a span. */
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

/** Whether all segments of the prompt in a table are shown, and have known effects. */
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

/** The index of each part's passage; -1 if there is none. */
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
