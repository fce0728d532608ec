/** Labels for numbers and costs. Panel and notebook share them. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { Estimate, ModelInfo, Sampling } from '../api';
import type { IEffect, ISegmentSalience } from '../salience';
import type { IShownMap } from './map';
import { unlookedOf } from './mapEffects';
import type { IPassageEffect } from './mapEffects';
import { METHODS } from './methods';

/** A share as a percentage, with a decimal if it would otherwise round to 0. */
export function percent(share: number): string {
  const value = share * 100;
  const digits = value !== 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits).replace(/\.0$/, '')}%`;
}

/** A score, with three significant digits. */
export function figure(score: number): string {
  if (score === 0) {
    return '0';
  }
  const size = Math.abs(score);
  return size >= 1e-3 && size < 1e5
    ? String(Number(score.toPrecision(3)))
    : score.toExponential(1);
}

/** A model's window, and why it isn't larger; empty if unknown. */
export function describeWindow(
  {
    window,
    trained,
    window_reason: reason
  }: Pick<ModelInfo, 'window' | 'trained' | 'window_reason'>,
  trans: TranslationBundle
): string {
  if (window === null) {
    return '';
  }
  const tokens = window.toLocaleString();
  const all = (trained ?? window).toLocaleString();
  switch (reason) {
    case 'memory':
      return trans.__(
        '%1 of the model’s %2 tokens: more wouldn’t fit in memory',
        tokens,
        all
      );
    case 'unknown':
      return trans.__(
        '%1 of the model’s %2 tokens: whether more would fit isn’t known',
        tokens,
        all
      );
    case 'limit':
      return trans.__(
        '%1 of the model’s %2 tokens: this is the limit here',
        tokens,
        all
      );
    case 'user':
      return trans.__('%1 tokens, as chosen here', tokens);
    case 'administrator':
      return trans.__('%1 tokens, as configured', tokens);
    default:
      return trans.__('%1 tokens', tokens);
  }
}

/** A number with its sign, for scores for or against. */
export function signedFigure(score: number): string {
  const size = figure(Math.abs(score));
  return score < 0 ? `−${size}` : size === '0' ? size : `+${size}`;
}

/** Explains the unit nat, for tooltips. */
export function aboutNats(trans: TranslationBundle): string {
  return trans.__(
    'A nat is the unit of natural logarithms: +1 nat makes the target about 2.7 times as likely.'
  );
}

/** A segment's score in nats, with its standard error if it was sampled. */
export function nats(
  { score, error }: Pick<ISegmentSalience, 'score' | 'error'>,
  trans: TranslationBundle
): string {
  // As many decimals as mean something, at most three.
  const unit = Math.min(Math.abs(score) || 1, error || Infinity);
  const most = Math.abs(score) < 0.1 ? 3 : 2;
  const places = Math.max(1, Math.min(most, 1 - Math.floor(Math.log10(unit))));
  const size = Math.abs(score).toFixed(places);
  const sign = Number(size) === 0 ? '' : score < 0 ? '−' : '+';
  return error === undefined
    ? trans.__('%1 nats', `${sign}${size}`)
    : trans.__('%1 ± %2 nats', `${sign}${size}`, error.toFixed(places));
}

/** Whether the score is for or against the target. */
export function direction(score: number, trans: TranslationBundle): string {
  return score < 0 ? trans.__('against it') : trans.__('for it');
}

/** How likely a target is per token with a segment, and without it. */
export function chances({
  whole,
  without
}: Pick<IEffect, 'whole' | 'without'>): string {
  return `${percent(whole)} → ${percent(without)}`;
}

/**
 * The effect of deleting a segment: the target's probability with and without it, and the nats.
 *
 * @param fitted - the segment's weight by ContextCite; null if unknown.
 */
export function describeEffect(
  effect: IEffect,
  fitted: number | null,
  trans: TranslationBundle
): string {
  return [
    trans.__(
      'Without it, the target’s probability per token goes from %1 to %2 (%3 in all).',
      percent(effect.whole),
      percent(effect.without),
      nats({ score: -effect.delta }, trans)
    ),
    fitted === null
      ? ''
      : trans.__(
          'On average over random deletions of other parts, it adds %1 to the logarithm of the target’s odds (ContextCite).',
          nats({ score: fitted }, trans)
        )
  ]
    .filter(part => part !== '')
    .join(' ');
}

/** Why a sentence of a long prompt has no effect of its own. */
export function describeUnlooked(
  passage: IPassageEffect,
  trans: TranslationBundle
): string {
  const change = chances(passage);
  if (passage.isParagraph) {
    return passage.isSmall
      ? trans.__('not looked into: its paragraph changes little (%1)', change)
      : trans.__('only its whole paragraph was deleted (%1)', change);
  }
  return passage.isSmall
    ? trans.__('not looked into: its passage changes little (%1)', change)
    : trans.__('only its whole passage was deleted (%1)', change);
}

/** Score, share and rank of a segment, and its effect if it has one. */
export function describeSegment(
  segment: ISegmentSalience,
  map: IShownMap,
  trans: TranslationBundle
): string {
  const { rank, share, score } = segment;
  if (share === null) {
    return '';
  }
  const place =
    rank === null ? '' : trans.__('rank %1 of %2', rank, map.numRanked);
  const { effects } = map;
  const index = effects ? map.segments.indexOf(segment) : -1;
  const effect = effects?.all[index];
  const passage = unlookedOf(map, index);
  const weight = effects?.by === 'average' ? effects.fitted?.[index] : null;
  const chance = [
    effect
      ? trans.__(
          '%1 without it (%2 in all)',
          chances(effect),
          nats({ score: -effect.delta }, trans)
        )
      : '',
    effect && typeof weight === 'number'
      ? trans.__('%1 on average', nats({ score: weight }, trans))
      : '',
    passage ? describeUnlooked(passage, trans) : ''
  ]
    .filter(part => part !== '')
    .join(' · ');
  const { kind } = METHODS[map.method];
  if (!map.isSigned) {
    return [
      place,
      chance,
      trans.__('%1 of salience', percent(share)),
      trans.__('score %1', figure(score))
    ]
      .filter(part => part !== '')
      .join(' · ');
  }
  return [
    place,
    chance,
    score === 0 ? '' : direction(score, trans),
    kind === 'ablation'
      ? trans.__('%1 of all effects', percent(share))
      : trans.__('%1 of salience', percent(share)),
    kind === 'ablation'
      ? nats(segment, trans)
      : trans.__('score %1', signedFigure(score))
  ]
    .filter(part => part !== '')
    .join(' · ');
}

/** The settings of sampling in words. */
export function describeSampling(
  sampling: Sampling,
  trans: TranslationBundle
): string {
  const { temperature = 0, top_k = null, top_p = null, seed = 0 } = sampling;
  const { repetition_penalty: penalty = 1 } = sampling;
  const drawn = [
    trans.__('temperature %1', temperature),
    top_k === null ? '' : trans.__('top-k %1', top_k),
    top_p === null ? '' : trans.__('top-p %1', top_p),
    trans.__('seed %1', seed)
  ];
  return [
    ...(temperature === 0 ? [trans.__('greedy')] : drawn),
    penalty === 1 ? '' : trans.__('repetition penalty %1', penalty)
  ]
    .filter(part => part !== '')
    .join(', ');
}

/** The cost of a computation, as far as it is known. */
export function describeCost(
  estimate: Estimate,
  trans: TranslationBundle
): string {
  const { passes, seconds } = estimate;
  const count = trans._n(
    'about %1 pass through the model',
    'about %1 passes through the model',
    passes,
    passes
  );
  return seconds === null ? count : `${count}, ${roughly(seconds, trans)}`;
}

/** An estimated time. */
function roughly(seconds: number, trans: TranslationBundle): string {
  if (seconds < 1) {
    return trans.__('less than a second');
  }
  return seconds < 90
    ? trans.__('%1 s', Math.round(seconds))
    : trans.__('%1 min', Math.round(seconds / 60));
}

/** A duration. */
export function duration(seconds: number, trans: TranslationBundle): string {
  return seconds < 9.95
    ? trans.__('%1 s', seconds.toFixed(1))
    : trans.__('%1 s', Math.round(seconds));
}
