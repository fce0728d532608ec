import React from 'react';

import { Stage } from '../components/fixtures';
import { cutText } from '../session/runText';
import type { IShownMap } from '../session/map';
import type { IMapEffects, ShadeBy } from '../session/mapEffects';
import { token } from './fixtures';
import { TopSegments } from './topSegments';

const RUN = {
  promptTokens: [token('Be brief.'), token(' Be kind.')],
  answerTokens: [token(' Hi.')]
};

describe('map/topSegments', () => {
  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => stage.dispose());

  /** Draw the list of a map of LIME, and say how certain it says that it is. */
  function certainty(by: ShadeBy | null): string | undefined {
    const text = cutText(RUN, 'sentences', null);
    const map = {
      method: 'lime',
      target: [2, 3],
      segments: text.segments.map((span, i) => ({
        span,
        score: i === 0 ? 4 : 1,
        share: 0.5,
        rank: i < 2 ? i + 1 : null,
        error: 0.1
      })),
      maxShare: 0.5,
      isSigned: true,
      weights: [1, 0.5, 0],
      ...(by && {
        effects: {
          by,
          all: [null, null, null],
          fitted: null
        } as Partial<IMapEffects>
      })
    } as unknown as IShownMap;
    stage.draw(<TopSegments text={text} map={map} onShow={() => undefined} />);
    return stage.host.querySelector<HTMLElement>('[data-certainty]')?.dataset
      .certainty;
  }

  it('says how certain scores are where it ranks by them', () => {
    expect(certainty(null)).toBe('good');
    expect(certainty('share')).toBe('good');
    expect(certainty('effect')).toBeUndefined();
    expect(certainty('average')).toBeUndefined();
  });
});
