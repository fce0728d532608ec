import { Notification } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';

import { followLink } from './links';

const trans = nullTranslator.load('jupyterlab');
const DOCS = 'https://pair-code.github.io/lit/documentation/';

describe('followLink', () => {
  const opened = jest.spyOn(window, 'open').mockReturnValue(null);

  beforeEach(() => opened.mockClear());

  afterEach(() => {
    Notification.dismiss();
    Reflect.deleteProperty(navigator, 'userActivation');
  });

  it('opens LIT’s documentation, without a way back', () => {
    followLink(DOCS, trans);
    expect(opened.mock.calls).toEqual([
      [DOCS, '_blank', 'noopener,noreferrer']
    ]);
    expect(Notification.manager.count).toBe(0);
  });

  it.each([
    `${DOCS}?prompt=secret`,
    `${DOCS}#secret`,
    `${DOCS}secret`,
    DOCS.replace('https', 'http'),
    'https://elsewhere.example/',
    'javascript:alert(1)',
    ''
  ])('opens no other address, such as %s, and says so once', link => {
    followLink(link, trans);
    followLink(link, trans);
    expect(opened).not.toHaveBeenCalled();
    const [first, ...others] = Notification.manager.notifications;
    expect(others).toEqual([]);
    // Without that, JupyterLab tells it behind its bell alone.
    expect(first.options.autoClose).toBeGreaterThan(0);
  });

  it('does nothing that nobody clicked for', () => {
    Object.defineProperty(navigator, 'userActivation', {
      value: { isActive: false },
      configurable: true
    });
    followLink(DOCS, trans);
    followLink('https://elsewhere.example/', trans);
    expect(opened).not.toHaveBeenCalled();
    expect(Notification.manager.count).toBe(0);
  });
});
