import { nullTranslator } from '@jupyterlab/translation';
import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import { PanelContext } from '../components/context';
import type { Effects } from '../session/effects';
import type { IMapEffects, IPassageEffect } from '../session/mapEffects';
import { reliabilityWords } from './effects';
import { LevelsNote, LevelsOffer } from './levels';

const trans = nullTranslator.load('lit_lab');

function words(element: JSX.Element): string {
  const markup = renderToStaticMarkup(
    <PanelContext
      value={{ trans, showLog: () => undefined, openMenu: () => undefined }}
    >
      {element}
    </PanelContext>
  );
  return markup.replace(/<[^>]*>/g, '');
}

const passage = (isSmall: boolean, isParagraph = true): IPassageEffect => ({
  delta: 0.1,
  whole: 0.9,
  without: 0.9,
  isSmall,
  isParagraph
});

function note(passages: readonly (IPassageEffect | null)[]): string {
  const unlooked = { passages, numLooked: 12 };
  return words(<LevelsNote effects={{ unlooked } as unknown as IMapEffects} />);
}

describe('map/levels', () => {
  it('says what a long prompt spares, until it is computed', () => {
    const offer = (
      phase: Effects['phase'],
      outer: Effects['outer'] = 'paragraphs',
      perSentence: Effects['perSentence'] = { passes: 123, seconds: 60 }
    ) =>
      words(
        <LevelsOffer
          effects={{ phase, perSentence, outer } as unknown as Effects}
        />
      );
    expect(offer('offered')).toContain(
      'Deleting each sentence would take about 123 passes through the model, 60 s.'
    );
    expect(offer('offered')).toContain('its paragraphs are deleted first');
    expect(offer('done')).toBe('');
    expect(offer('offered', null)).toBe('');
    expect(offer('running', 'passages', null)).toBe(
      'This prompt is long: passages of it are deleted first, then the sentences of those that matter.'
    );
  });

  it('says what was not looked into', () => {
    expect(note([null, passage(true), passage(true)])).toBe(
      '12 sentences were looked into. 2 were not: their paragraphs change little.'
    );
    expect(note([null, passage(true, false)])).toContain(
      '1 was not: its passage changes little.'
    );
    expect(note([passage(false)])).toBe(
      '12 sentences were looked into. Of 1, only what stands around it was deleted, as a whole.'
    );
    expect(note([null, null])).toBe('');
  });

  it('claims reliability for no more than was measured', () => {
    for (const by of ['share', 'effect', 'average'] as const) {
      for (const level of ['good', 'fair', 'weak'] as const) {
        const part = reliabilityWords(level, by, trans, true);
        expect(part).toContain('sentences that were looked into');
        expect(part).not.toContain('of the prompt');
      }
    }
  });
});
