import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { usePanel } from '../components/context';
import { largestOf, sizesOf } from '../session/effectShades';
import { aboutNats, chances, nats, percent } from '../session/labels';
import { isSigned } from '../session/map';
import type { IShownMap } from '../session/map';
import { scoresTokens } from '../session/methods';
import type { Session } from '../session/session';

/** What the colours mean. */
export function Legend(props: { session: Session }): JSX.Element | null {
  const { trans } = usePanel();
  const { map, text } = props.session.explanation;
  if (!map) {
    return null;
  }
  const template = text?.tokens.filter(
    (token, i) => token.kind === 'template' && i < map.target[0]
  );
  const signed = isSigned(map);
  return (
    <footer className="lit-legend">
      <div className="lit-legend-row">
        <span
          className="lit-scale"
          title={map.effects?.by === 'average' ? aboutNats(trans) : undefined}
        >
          {signed ? trans.__('against it') : '0'}
          <span className="lit-scale-bar" data-signed={signed} aria-hidden />
          {scaleEnd(map, trans)}
        </span>
        {map.gap !== null && <Gap gap={map.gap} />}
        {!map.within &&
          scoresTokens(map.method) &&
          template &&
          template.length > 0 && (
            <span
              className="lit-apart"
              title={trans.__(
                'Tokens that the model needs but nobody wrote, such as <bos>, which marks the beginning of a text. Their share is counted separately.'
              )}
            >
              {trans.__(
                '%1 %2 apart',
                template.length === 1
                  ? template[0].piece
                  : trans.__('template'),
                percent(map.templateShare)
              )}
            </span>
          )}
      </div>
    </footer>
  );
}

/** What the strongest colour means. */
export function scaleEnd(map: IShownMap, trans: TranslationBundle): string {
  const { effects, maxShare, within } = map;
  const strongest = effects?.all[effects.ranks.indexOf(1)];
  if (effects?.by === 'effect' && strongest) {
    return trans.__('for it · largest effect: %1', chances(strongest));
  }
  if (effects?.by === 'average') {
    const score = largestOf(sizesOf(effects));
    return trans.__('for it · largest average: %1', nats({ score }, trans));
  }
  if (isSigned(map)) {
    return trans.__('for it: up to %1', percent(maxShare));
  }
  return within
    ? trans.__('%1 of this part’s salience', percent(maxShare))
    : trans.__('%1 of salience', percent(maxShare));
}

/** A larger part that integrated gradients leave unexplained gets a warning. */
const LARGE_GAP = 0.01;

/** How much of the change integrated gradients explain. */
export function Gap({ gap }: { gap: number }): JSX.Element {
  const { trans } = usePanel();
  const isLarge = Math.abs(gap) > LARGE_GAP;
  const part = Math.abs(1 - gap);
  const digits = Math.abs(gap) < 0.1 ? 1 : 0;
  return (
    <span
      className="lit-gap"
      data-large={isLarge}
      title={trans.__(
        'The scores should add up to the change of the target’s loss from the baseline to the prompt. The rest is the error of computing it in steps.'
      )}
    >
      {isLarge && <span aria-hidden>⚠ </span>}
      {isLarge
        ? trans.__(
            'off by %1% of the change: interpret it with care',
            (Math.abs(gap) * 100).toFixed(digits)
          )
        : trans.__('explains %1% of the change', (part * 100).toFixed(1))}
    </span>
  );
}
