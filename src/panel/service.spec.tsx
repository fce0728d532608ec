import { nullTranslator } from '@jupyterlab/translation';
import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import type { ModelInfo } from '../api';
import { PanelContext } from '../components/context';
import { fakeModel } from '../session/fixtures';
import type { Session } from '../session/session';
import { ServiceNotice } from './service';

const trans = nullTranslator.load('lit_lab');
const NAME = 'gemma';

function shown(known: Partial<ModelInfo>): string {
  const session = {
    model: NAME,
    runs: { isRunning: false, failure: null },
    explanation: { target: null, map: null, scores: null, demand: null },
    service: {
      service: { state: 'ready' },
      problem: null,
      isReadOnly: false,
      models: [fakeModel({ name: NAME, ...known })]
    }
  };
  return renderToStaticMarkup(
    <PanelContext value={{ trans, openMenu: () => undefined }}>
      <ServiceNotice session={session as unknown as Session} />
    </PanelContext>
  );
}

describe('panel/service', () => {
  it('tells how far the chosen model is, whether it is loaded or downloaded', () => {
    const loading = shown({
      state: 'loading',
      detail: `Loading ${NAME}…`,
      reading: { done: 1.2e9, total: 2.6e9, tensors: 140, tensors_total: 290 }
    });
    expect(loading).toContain(`Loading ${NAME}…`);
    expect(loading).toContain('1.2\u00a0GB of 2.6\u00a0GB, 140 of 290 tensors');
    const downloading = shown({
      state: 'downloading',
      download: { done: 1e9, total: 2e9 }
    });
    expect(downloading).toContain('1.0\u00a0GB of 2.0\u00a0GB');
  });

  it('invents no figures', () => {
    expect(shown({ state: 'loading' })).not.toContain('lit-hint');
    expect(shown({ state: 'ready' })).toBe('');
  });
});
