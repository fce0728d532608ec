import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect } from 'react';

import type { IOption } from '../components/choice';
import { Choice } from '../components/choice';
import { usePanel } from '../components/context';
import { Live } from '../components/live';
import { Offer } from '../components/progress';
import type { Reliability } from '../salience';
import { MAX_ABLATION_SEGMENTS } from '../session/ablationSegments';
import type { Effects } from '../session/effects';
import { describeCost } from '../session/labels';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import type { IMapEffects, ShadeBy } from '../session/mapEffects';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { disagreement } from './disagreement';
import { LevelsNote, LevelsOffer } from './levels';
import { Pairs, PairsOffer } from './pairs';

/** The effects of the shown run: their results for the map, or how to compute them. */
export function EffectsSection(props: {
  session: Session;
  text: IText;
  map: IShownMap | null;
  onSettings: (settings: Partial<ISettings>) => void;
}): JSX.Element | null {
  const { session, text, map, onSettings } = props;
  const { effects, foil, pairs } = session.explanation;
  if (!effects) {
    return null;
  }
  return (
    <div className="lit-effects">
      {map?.effects ? (
        <EffectSummary
          text={text}
          map={map}
          effects={map.effects}
          onChange={shadeBy => onSettings({ shadeBy })}
          onExact={
            effects.phase === 'running' && session.settings.exactEffects
              ? undefined
              : () => {
                  onSettings({ exactEffects: true });
                  effects.start();
                }
          }
        />
      ) : (
        <NoEffects effects={effects} text={text} isContrast={foil !== null} />
      )}
      {pairs && (
        <PairsOffer
          key={session.explanation.target?.join()}
          pairs={pairs}
          onRestart={() => void session.service.restart()}
        />
      )}
      <LevelsOffer effects={effects} />
      {effects.segments && !foil && (
        <EffectsOffer
          effects={effects}
          level={map?.effects?.level ?? effects.innermost}
          isPart={map?.effects?.unlooked !== undefined}
          onRestart={() => void session.service.restart()}
        />
      )}
    </div>
  );
}

/** What shades may follow in any map with effects, as choices. */
export const shadeChoices = (
  trans: TranslationBundle
): readonly IOption<ShadeBy>[] => [
  {
    value: 'share',
    name: trans.__('Share'),
    title: trans.__('Each part’s share of the map')
  },
  {
    value: 'effect',
    name: trans.__('Effect'),
    title: trans.__(
      'How much less likely each token of the target is, on average, when the part is deleted from the prompt'
    )
  }
];

/** The choice of what the shades follow, its reliability, and where map and effects disagree. */
export function EffectSummary(props: {
  text: IText;
  map: IShownMap;
  effects: IMapEffects;
  onChange: (by: ShadeBy) => void;
  /** Computes the effects in float32; absent if they can't be, or already are being computed. */
  onExact?: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { text, map, effects, onChange, onExact } = props;
  const words = disagreement(text, map, trans);
  return (
    <>
      <div className="lit-effects-choice">
        <span aria-hidden>{trans.__('Shades follow')}</span>
        <Choice
          label={trans.__('Shades follow')}
          value={effects.by}
          onChange={onChange}
          options={[
            ...shadeChoices(trans),
            ...(effects.fitted
              ? [
                  {
                    value: 'average' as const,
                    name: trans.__('Average'),
                    title: trans.__(
                      'What the part adds on average if about half of the other parts are deleted at random (ContextCite)'
                    )
                  }
                ]
              : [])
          ]}
        />
      </div>
      {words && <Live className="lit-effects-words">{words}</Live>}
      {effects.by === 'average' && (
        <p className="lit-hint">{averageWords(effects, trans)}</p>
      )}
      {effects.reliability && (
        <p className="lit-hint" data-reliability={effects.reliability}>
          {reliabilityWords(
            effects.reliability,
            effects.by,
            trans,
            effects.unlooked !== undefined
          )}
        </p>
      )}
      {effects.difference !== null && (
        <p
          className="lit-hint"
          title={trans.__(
            'Largest difference of a token’s log-probability from float32 in the check: %1 nats',
            effects.difference.toFixed(3)
          )}
        >
          {trans.__('Effects in half precision.')}{' '}
          {onExact && (
            <button type="button" className="lit-link" onClick={onExact}>
              {trans.__('Exact (float32)')}
            </button>
          )}
        </p>
      )}
      <LevelsNote effects={effects} />
      {effects.pairs.length > 0 && <Pairs text={text} map={map} />}
    </>
  );
}

/** Explains why the map has no effects. */
function NoEffects(props: {
  effects: Effects;
  text: IText;
  isContrast: boolean;
}): JSX.Element | null {
  const { trans } = usePanel();
  const { effects, text, isContrast } = props;
  let why = '';
  if (isContrast) {
    why = trans.__(
      'Effects are those on the answer alone, without an alternative.'
    );
  } else if (!effects.segments) {
    why =
      text.prompt.length > MAX_ABLATION_SEGMENTS
        ? trans.__(
            'Effects are computed only for prompts of at most %1 sentences.',
            MAX_ABLATION_SEGMENTS
          )
        : '';
  } else if (effects.phase === 'done') {
    why =
      effects.source?.passages?.areParagraphs === true
        ? trans.__(
            'Effects are computed for sentences and paragraphs. Choose one of these above to see them.'
          )
        : trans.__(
            'Effects are computed for whole sentences. Choose Sentences above to see them.'
          );
  }
  return why === '' ? null : <p className="lit-hint">{why}</p>;
}

/** Describes what averages are computed from. */
function averageWords(
  { numFitted: count, numUsual, unlooked }: IMapEffects,
  trans: TranslationBundle
): string {
  const half = halfOf(unlooked !== undefined, trans);
  return count < numUsual
    ? trans.__(
        'First averages, over %1 random deletions of about %2. They are more reliable with %3.',
        count,
        half,
        numUsual
      )
    : trans.__('Averages over %1 random deletions of about %2.', count, half);
}

/**
 * Describes what random sets delete.
 *
 * @param isPart - whether they delete only sentences that were deleted one by one.
 */
function halfOf(isPart: boolean, trans: TranslationBundle): string {
  return isPart
    ? trans.__('half of the sentences that were looked into')
    : trans.__('half of the prompt');
}

/** The cost of effects with a button, their progress, or the reason why they failed. */
function EffectsOffer(props: {
  effects: Effects;
  /** The level of the shown segments. */
  level: number;
  /** Whether these are the sentences that were deleted one by one. */
  isPart: boolean;
  onRestart: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { effects, level, isPart, onRestart } = props;
  const { phase } = effects;
  const numMore = effects.numMore(level);
  const cost = effects.costOfMore(level);
  useEffect(() => {
    void effects.offer(level);
  }, [effects, phase, level, numMore]);
  if (numMore > 0) {
    return (
      <div className="lit-offer">
        <button
          type="button"
          className="lit-button"
          title={trans.__(
            'Delete about %1 at random, %2 more times, for more reliable averages',
            halfOf(isPart, trans),
            numMore
          )}
          onClick={() => effects.startMore(level)}
        >
          {trans.__('Try %1 more random deletions', numMore)}
        </button>
        <span className="lit-offer-cost">
          {cost && describeCost(cost, trans)}
        </span>
      </div>
    );
  }
  return (
    <Offer
      computation={effects}
      start={trans.__('Compute effects')}
      what={trans.__('Computing effects')}
      onRestart={onRestart}
    />
  );
}

/**
 * Describes how reliable a map, or the order of effects, is.
 *
 * @param isPart - whether it was measured only for sentences that were deleted one by one.
 */
export function reliabilityWords(
  level: Reliability,
  by: ShadeBy,
  trans: TranslationBundle,
  isPart = false
): string {
  const half = halfOf(isPart, trans);
  const words: Record<ShadeBy, Record<Reliability, string>> = {
    share: {
      good: isPart
        ? trans.__(
            'Reliability of this map: good among the sentences that were looked into. It predicts what random deletions of half of them do.'
          )
        : trans.__(
            'Reliability of this map: good. The target depends on the parts that it ranks high, as random deletions of half of the prompt show.'
          ),
      fair: trans.__(
        'Reliability of this map: fair. It roughly predicts the result of random deletions of %1, so rely on large differences only.',
        half
      ),
      weak: trans.__(
        'Reliability of this map: weak. It hardly predicts the result of random deletions of %1, so its order says little about what the target depends on.',
        half
      )
    },
    effect: {
      good: trans.__(
        'Reliability of these effects: good. Added up, they predict the result of random deletions of %1.',
        half
      ),
      fair: trans.__(
        'Reliability of these effects: fair. Added up, they roughly predict the result of random deletions of %1, because some parts act together.',
        half
      ),
      weak: trans.__(
        'Reliability of these effects: weak. They hold for single parts. Added up, they hardly predict the result of random deletions of %1.',
        half
      )
    },
    average: {
      good: trans.__(
        'Reliability of these averages: good. Added up, they predict the result of other random deletions of %1.',
        half
      ),
      fair: trans.__(
        'Reliability of these averages: fair. Added up, they roughly predict the result of other random deletions of %1.',
        half
      ),
      weak: trans.__(
        'Reliability of these averages: weak. Added up, they hardly predict the result of other random deletions of %1.',
        half
      )
    }
  };
  return words[by][level];
}
