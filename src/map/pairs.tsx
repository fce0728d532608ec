/** The effects of deleting two parts of the prompt together. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React, { useEffect } from 'react';

import type { EffectsEvent } from '../api';
import { usePanel } from '../components/context';
import { Offer } from '../components/progress';
import { FAINT_EFFECT } from '../salience';
import type { IPairEffect } from '../salience';
import type { Computation } from '../session/computation';
import { aboutNats, chances, nats } from '../session/labels';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { placeOf } from './disagreement';

/** Maximum number of listed pairs. */
const LISTED = 5;

/** Minimum difference to list a pair, relative to the effects. */
const SMALL = 0.1;

/** The pairs whose joint effect is larger or smaller than their effects alone, as sentences. */
export function Pairs(props: { text: IText; map: IShownMap }): JSX.Element {
  const { trans } = usePanel();
  const { text, map } = props;
  const found = interacting(map);
  return (
    <section className="lit-pairs">
      <h4>{trans.__('Two parts together')}</h4>
      {found.length === 0 ? (
        <p className="lit-hint">
          {trans.__(
            'Each of the tried pairs has about the effect of its two parts alone.'
          )}
        </p>
      ) : (
        <ul aria-label={trans.__('Two parts together')}>
          {found.map(pair => (
            <li key={pair.pair.join()} title={describePair(pair, trans)}>
              {sentenceOf(pair, text, map, trans)}
            </li>
          ))}
        </ul>
      )}
      {found.some(({ added, both }) => added.delta > 0 && both.delta > 0) && (
        <p className="lit-hint">
          {trans.__(
            'Of parts that make the target likely, more means that one may replace the other; less, that the target may need both.'
          )}
        </p>
      )}
    </section>
  );
}

/** The cost of trying pairs with a button, or its progress. */
export function PairsOffer(props: {
  pairs: Computation<readonly EffectsEvent[]>;
  onRestart: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { pairs, onRestart } = props;
  useEffect(() => {
    void pairs.offer(false);
  }, [pairs]);
  return (
    <Offer
      computation={pairs}
      start={trans.__('Try the strongest parts in pairs')}
      what={trans.__('Trying pairs')}
      onRestart={onRestart}
    />
  );
}

/** The pairs whose effect differs from the sum of both effects, the largest differences first. */
export function interacting({ effects, target }: IShownMap): IPairEffect[] {
  const faint = FAINT_EFFECT * (target[1] - target[0]);
  return [...(effects?.pairs ?? [])]
    .filter(({ both, added, more }) => {
      const size = Math.max(Math.abs(both.delta), Math.abs(added.delta));
      return Math.abs(more) >= Math.max(faint, SMALL * size);
    })
    .sort((a, b) => Math.abs(b.more) - Math.abs(a.more))
    .slice(0, LISTED);
}

function sentenceOf(
  found: IPairEffect,
  text: IText,
  map: IShownMap,
  trans: TranslationBundle
): string {
  const { pair, both, added } = found;
  const [one, other] = pair.map(index => placeOf(text, map, index, trans));
  const together = {
    more: trans.__('%1 and %2 together: more than the two alone.', one, other),
    less: trans.__('%1 and %2 together: less than the two alone.', one, other),
    opposite: trans.__(
      '%1 and %2 together: the opposite of the two alone.',
      one,
      other
    )
  }[wayOf(found)];
  const figures = trans.__(
    'Without both: %1; their effects add up to %2.',
    chances(both),
    chances(added)
  );
  return `${together} ${figures}`;
}

/** Whether both together have more or less effect than the sum of their effects, or the opposite. */
function wayOf({ both, added }: IPairEffect): 'more' | 'less' | 'opposite' {
  if (both.delta * added.delta < 0) {
    return 'opposite';
  }
  return Math.abs(both.delta) > Math.abs(added.delta) ? 'more' : 'less';
}

/** The same comparison in nats. */
function describePair(
  { both, added }: IPairEffect,
  trans: TranslationBundle
): string {
  return [
    trans.__(
      'Without both, the target changes by %1; the two effects add up to %2.',
      nats({ score: -both.delta }, trans),
      nats({ score: -added.delta }, trans)
    ),
    aboutNats(trans)
  ].join(' ');
}
