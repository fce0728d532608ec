/** Describes in words where a map and effects rank parts differently. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { FAINT_EFFECT } from '../salience';
import { chances } from '../session/labels';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { textOf } from '../session/runText';
import { lineOf } from './line';

/** How many of the first ranks are compared. */
const TOP = 3;

/** Maximum number of characters in a quoted segment. */
const QUOTED = 32;

/**
 * Warn about the order of a map: no single part has an effect, or the first part by share
 * isn't among the first by effect, or the reverse, or the first parts of both are mostly
 * different ones.
 *
 * @returns one or two sentences; empty if share and effect agree, or if effects are unknown.
 */
export function disagreement(
  text: IText,
  map: IShownMap,
  trans: TranslationBundle
): string {
  const { effects, target } = map;
  if (!effects) {
    return '';
  }
  const { all, ranks, shareRanks, largest, unlooked } = effects;
  const faint = FAINT_EFFECT * (target[1] - target[0]);
  const isFaint = (unlooked?.passages ?? []).every(
    passage => !passage || Math.abs(passage.delta) < faint
  );
  if (largest < faint && isFaint) {
    return trans.__(
      'Without any single one of these parts, the target remains about as likely.'
    );
  }
  const first = shareRanks.indexOf(1);
  const strongest = ranks.indexOf(1);
  const words: string[] = [];
  const effect = all[first];
  if (effect && (ranks[first] ?? 0) > TOP) {
    words.push(
      Math.abs(effect.delta) < faint
        ? trans.__(
            'The map ranks %1 first, but without it the target hardly changes (%2).',
            placeOf(text, map, first, trans),
            chances(effect)
          )
        : trans.__(
            'The map ranks %1 first, but without it the target changes less (%2) than without others.',
            placeOf(text, map, first, trans),
            chances(effect)
          )
    );
  }
  const passage = unlooked?.passages[first];
  if (passage?.isSmall) {
    words.push(
      trans.__(
        'The map ranks %1 first, but even without the whole passage around it the target hardly changes (%2).',
        placeOf(text, map, first, trans),
        chances(passage)
      )
    );
  }
  const largestEffect = all[strongest];
  const place = shareRanks[strongest] ?? 0;
  if (largestEffect && place > TOP) {
    words.push(
      trans.__(
        'The target changes most (%2) without %1, which the map ranks in place %3.',
        placeOf(text, map, strongest, trans),
        chances(largestEffect),
        place
      )
    );
  }
  const needed = firstOf(ranks).filter(
    i => Math.abs(all[i]?.delta ?? 0) >= faint
  );
  const missing = needed.filter(i => (shareRanks[i] ?? 0) > TOP);
  if (!words.length && missing.length > 1) {
    words.push(
      trans.__(
        'Share and effect have %1 of their first %2 parts in common. By effect, these are in front, too: %3.',
        firstOf(shareRanks).filter(i => firstOf(ranks).includes(i)).length,
        TOP,
        missing.map(i => placeOf(text, map, i, trans)).join(', ')
      )
    );
  }
  return words.join(' ');
}

/** The indexes of the first parts, in their order. */
function firstOf(ranks: readonly (number | null)[]): number[] {
  return Array.from({ length: TOP }, (_, i) => ranks.indexOf(i + 1)).filter(
    i => i >= 0
  );
}

/** A segment's line and its first words. */
export function placeOf(
  text: IText,
  map: IShownMap,
  index: number,
  trans: TranslationBundle
): string {
  const { span } = map.segments[index];
  const characters = [...textOf(text.tokens, span).trim().replace(/\s+/g, ' ')];
  const isLong = characters.length > QUOTED;
  const quoted = characters.slice(0, isLong ? QUOTED - 1 : QUOTED).join('');
  return trans.__(
    'line %1 (“%2”)',
    lineOf(text, span),
    // Not within a word, unless it is as long as those of languages without blanks.
    isLong ? `${quoted.replace(/[,;:]?\s+\S{0,12}$/, '')}…` : quoted
  );
}
