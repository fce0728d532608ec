import React from 'react';

import { usePanel } from '../components/context';
import { Offer } from '../components/progress';
import type { TokenSpan } from '../salience';
import type { IFoil } from '../session/contrast';
import type { IDemand } from '../session/runscores';
import type { IText } from '../session/runText';
import { textOf } from '../session/runText';
import type { MapMethod } from '../session/methods';
import { MAX_ABLATION_SEGMENTS } from '../session/ablationSegments';
import { TargetName } from './contrast';
import { methodWords } from './methods';

/** Shown in place of a map: its cost, its progress, or the reason why there is none. */
export function Demand(props: {
  demand: IDemand;
  method: MapMethod;
  text: IText;
  target: TokenSpan;
  /** The foil, if any. */
  foil?: IFoil | null;
  onRestart: () => void;
}): JSX.Element {
  const { trans } = usePanel();
  const { demand, method, text, target, onRestart } = props;
  const { name } = methodWords(trans)[method];
  const { computation, numSegments, refusal } = demand;
  const content = textOf(text.tokens, target).trim();
  return (
    <section
      className="lit-ranks"
      aria-label={trans.__('What led to “%1”', content)}
    >
      <h3 className="lit-ranks-title" data-foil={(props.foil ?? null) !== null}>
        <TargetName target={content} foil={props.foil ?? null} />
      </h3>
      {refusal === 'nothing' && (
        <p className="lit-hint">
          {trans.__('There is no text before the target to remove.')}
        </p>
      )}
      {refusal === 'contrast' && (
        <p className="lit-refusal">
          {trans.__(
            '%1 can’t explain why the model said one text rather than another. Choose another method.',
            name
          )}
        </p>
      )}
      {refusal === 'many' && (
        <p className="lit-refusal">
          {trans.__(
            'There are %1 parts before the target, but the limit is %2. Choose longer ones above: words, sentences or lines.',
            numSegments,
            MAX_ABLATION_SEGMENTS
          )}
        </p>
      )}
      {computation && (
        <>
          {computation.phase === 'offered' && (
            <p className="lit-hint">
              {numSegments === 0
                ? trans.__('%1 is computed for this target alone.', name)
                : trans._n(
                    '%2 removes the %1 segment before this target. Other segments need another computation.',
                    '%2 removes the %1 segments before this target. Other segments need another computation.',
                    numSegments,
                    name
                  )}
            </p>
          )}
          <Offer
            computation={computation}
            start={trans.__('Compute')}
            what={trans.__('Computing %1', name)}
            onRestart={onRestart}
          />
        </>
      )}
    </section>
  );
}
