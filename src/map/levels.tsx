/** The effects of a long prompt, whose passages are deleted first. */
import React from 'react';

import { usePanel } from '../components/context';
import type { Effects } from '../session/effects';
import { describeCost } from '../session/labels';
import type { IMapEffects } from '../session/mapEffects';

/** How LIT Lab computes the effects of a long prompt, and how much time that saves. */
export function LevelsOffer(props: { effects: Effects }): JSX.Element | null {
  const { trans } = usePanel();
  const { perSentence, outer, phase } = props.effects;
  if (phase === 'done' || outer === null) {
    return null;
  }
  const first =
    outer === 'paragraphs'
      ? trans.__(
          'This prompt is long: its paragraphs are deleted first, then the sentences of those that matter.'
        )
      : trans.__(
          'This prompt is long: passages of it are deleted first, then the sentences of those that matter.'
        );
  const cost =
    perSentence &&
    trans.__(
      'Deleting each sentence would take %1.',
      describeCost(perSentence, trans)
    );
  return <p className="lit-hint">{cost ? `${first} ${cost}` : first}</p>;
}

/** Which sentences of a long prompt have an effect of their own. */
export function LevelsNote({
  effects: { unlooked }
}: {
  effects: IMapEffects;
}): JSX.Element | null {
  const { trans } = usePanel();
  if (!unlooked) {
    return null;
  }
  const { passages, numLooked } = unlooked;
  const others = passages.filter(passage => passage !== null);
  const areParagraphs = others.some(({ isParagraph }) => isParagraph);
  if (others.length === 0) {
    return null;
  }
  const small = others.filter(({ isSmall }) => isSmall).length;
  const looked = trans._n(
    '%1 sentence was looked into.',
    '%1 sentences were looked into.',
    numLooked,
    numLooked
  );
  const left = areParagraphs
    ? trans._n(
        '%1 was not: its paragraph changes little.',
        '%1 were not: their paragraphs change little.',
        small,
        small
      )
    : trans._n(
        '%1 was not: its passage changes little.',
        '%1 were not: their passages change little.',
        small,
        small
      );
  const rest = others.length - small;
  return (
    <p className="lit-hint">
      {[
        looked,
        small > 0 ? left : '',
        rest > 0
          ? trans._n(
              'Of %1, only what stands around it was deleted, as a whole.',
              'Of %1, only what stands around them was deleted, as a whole.',
              rest,
              rest
            )
          : ''
      ]
        .filter(part => part !== '')
        .join(' ')}
    </p>
  );
}
