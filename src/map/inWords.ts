/** Describes a map in one sentence, from its numbers alone. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { FAINT_EFFECT } from '../salience';
import { chances, direction, nats, percent } from '../session/labels';
import { isSigned, scoreOf } from '../session/map';
import type { IShownMap } from '../session/map';
import { METHODS } from '../session/methods';
import type { IText } from '../session/runText';
import { placeOf } from './disagreement';
import { lineOf } from './line';

/** If the first part has a smaller share, the sentence doesn't say “Mostly”. */
const MAINLY = 0.25;

/** Minimum size of the second part, relative to the first, for the sentence to mention it. */
const SECOND = 0.2;

/**
 * Describe what led to the target: the first part's text and line, and the second part's line.
 *
 * @returns a sentence; empty if no part stands out, for example because no single part has an effect.
 */
export function inWords(
  text: IText,
  map: IShownMap,
  trans: TranslationBundle
): string {
  const { effects, segments, target } = map;
  const [first, second] = [1, 2].map(rank =>
    segments.findIndex(segment => segment.rank === rank)
  );
  if (first < 0) {
    return '';
  }
  const isByShare = !effects || effects.by === 'share';
  const size = (index: number) =>
    isByShare
      ? (segments[index].share ?? Math.abs(segments[index].score))
      : Math.abs(scoreOf(map, index));
  const signed = isSigned(map);
  const isFaint =
    effects?.by === 'effect' &&
    size(first) < FAINT_EFFECT * (target[1] - target[0]);
  if (isFaint || size(first) === 0) {
    return '';
  }
  const figure = (index: number) => {
    const effect = effects?.by === 'effect' ? effects.all[index] : null;
    const score = scoreOf(map, index);
    const words = effect
      ? chances(effect)
      : effects?.by === 'average'
        ? nats({ score }, trans)
        : METHODS[map.method].kind === 'ablation'
          ? nats(segments[index], trans)
          : percent(segments[index].share ?? 0);
    return signed && score < 0
      ? trans.__('%1, %2', words, direction(score, trans))
      : words;
  };
  const place = placeOf(text, map, first, trans);
  const isMost = !isByShare || size(first) >= MAINLY;
  const main = isMost
    ? trans.__('Mostly %1: %2', place, figure(first))
    : trans.__('Many parts alike; the first is %1: %2', place, figure(first));
  return second >= 0 && size(second) >= SECOND * size(first)
    ? trans.__(
        '%1; then line %2: %3.',
        main,
        lineOf(text, segments[second].span),
        figure(second)
      )
    : trans.__('%1.', main);
}
