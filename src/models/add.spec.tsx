import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';

import type { KnownModel } from '../api';
import { Add, Known } from './add';
import type { ModelsModel } from './model';

(globalThis as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = true;

const trans = nullTranslator.load('lit_lab');

const TITLE = 'Tiny';

const known: KnownModel = {
  name: 'tiny',
  title: TITLE,
  path: 'tiny_instruct',
  parameters: 1000,
  download: 2000,
  site: 'Kaggle',
  elsewhere: [],
  login: true,
  terms: { name: 'A licence', url: 'https://example.org' },
  precision: null,
  memory: null,
  fits: null
};

/** Show a model to begin with; return its buttons and what was added. */
function shown(model: KnownModel): {
  buttons: HTMLButtonElement[];
  added: string[][];
} {
  const added: string[][] = [];
  const models = {
    free: (name: string) => name,
    add: (...what: string[]) => {
      added.push(what);
      return Promise.resolve(null);
    }
  } as unknown as ModelsModel;
  const place = document.createElement('ul');
  act(() => {
    createRoot(place).render(
      <Known known={model} models={models} trans={trans} onDone={() => {}} />
    );
  });
  return { buttons: [...place.querySelectorAll('button')], added };
}

describe('models/add', () => {
  it('adds a model from the only site that has it', async () => {
    const { buttons, added } = shown(known);
    expect(buttons.map(button => button.textContent)).toEqual(['Add']);
    await act(async () => buttons[0].click());
    expect(added).toEqual([['tiny', 'tiny_instruct']]);
  });

  it('lets one choose among the sites that have a model', async () => {
    const path = 'hf://lab/tiny';
    const elsewhere = [{ path, site: 'Hugging Face' }];
    const { buttons, added } = shown({ ...known, elsewhere });
    expect(buttons.map(button => button.getAttribute('aria-label'))).toEqual([
      'Add from Kaggle: Tiny',
      'Add from Hugging Face: Tiny'
    ]);
    await act(async () => buttons[1].click());
    expect(added).toEqual([['tiny', path]]);
  });

  it('offers none where an administrator chooses them for many users', () => {
    const texts = [true, false].map(shared => {
      const models = { service: { service: { shared } } };
      const place = document.createElement('div');
      act(() => {
        createRoot(place).render(
          <Add models={models as unknown as ModelsModel} trans={trans} />
        );
      });
      return [place.querySelector('button'), place.textContent];
    });
    expect(texts[0][0]).toBeNull();
    expect(texts[0][1]).toContain('administrator');
    expect(texts[1][1]).toBe('Add a model…');
  });
});
