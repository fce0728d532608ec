import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { Gap, scaleEnd } from '../map/legend';
import { methodWords } from '../map/methods';
import { percent } from '../session/labels';
import { isSigned } from '../session/map';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { METHODS, scoresTokens } from '../session/methods';
import { aggregationName } from './names';
import type { ILook } from './reading';

/** What the colours mean, and what the method measures. */
export function ReaderLegend(props: {
  text: IText;
  map: IShownMap;
  look: ILook;
  trans: TranslationBundle;
}): JSX.Element {
  const { text, map, look, trans } = props;
  const ofTokens = scoresTokens(map.method);
  const isSummed =
    look.aggregation === 'squares' &&
    (map.isSigned ||
      METHODS[map.method].addsUp ||
      look.granularity === 'tokens');
  const signed = isSigned(map);
  const { name, measures, source, link } = methodWords(trans)[map.method];
  const template = text.tokens.filter(
    (token, i) => token.kind === 'template' && i < map.target[0]
  );
  return (
    <footer className="lit-legend">
      <div className="lit-legend-row">
        <span className="lit-scale">
          {signed ? trans.__('against it') : '0'}
          <span className="lit-scale-bar" data-signed={signed} aria-hidden />
          {scaleEnd(map, trans)}
        </span>
        {map.gap !== null && <Gap gap={map.gap} />}
        {ofTokens && template.length > 0 && (
          <span className="lit-apart">
            {trans.__(
              '%1 %2 apart',
              template.length === 1 ? template[0].piece : trans.__('template'),
              percent(map.templateShare)
            )}
          </span>
        )}
      </div>
      <p className="lit-reader-method">
        <strong>{name}</strong>
        {': '}
        {measures}{' '}
        {ofTokens &&
          aggregationName(
            // Squares have no sign, and single tokens keep their scores.
            isSummed ? 'sum' : look.aggregation,
            trans
          )}{' '}
        <a
          className="lit-link"
          href={link}
          target="_blank"
          rel="noopener noreferrer"
        >
          {source}
        </a>
      </p>
    </footer>
  );
}
