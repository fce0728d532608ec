import { nullTranslator } from '@jupyterlab/translation';
import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import type { KaggleStatus } from '../api';
import { Kaggle } from './login';
import type { ModelsModel } from './model';

const trans = nullTranslator.load('lit_lab');

function shown(status: Partial<KaggleStatus>): string {
  const kaggle = {
    source: 'panel',
    folder: '~/.kaggle',
    fault: '',
    shared: false,
    own: true,
    ...status
  };
  return renderToStaticMarkup(
    <Kaggle
      models={{ kaggle } as unknown as ModelsModel}
      isWanted={false}
      trans={trans}
    />
  );
}

describe('models/login', () => {
  it('lets who is alone log out, and speaks of no other users', () => {
    expect(shown({})).toContain('Log out');
    expect(shown({})).not.toContain('users');
  });

  it('says where others download with a login, too', () => {
    expect(shown({ shared: true })).toContain('Other users of this server');
    expect(shown({ shared: true })).toContain('Log out');
  });

  it("offers nothing to do with another user's login", () => {
    const html = shown({ shared: true, own: false });
    expect(html).toContain('by another user of this server');
    expect(html).not.toContain('button');
  });
});
