import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import type { ModelInfo, TokenCount, TokenCountRequest } from '../api';
import { PanelContext } from '../components/context';
import { useRedraw } from '../components/redraw';
import { COUNT_DELAY } from '../session/count';
import { FakeClient, settle } from '../session/fakes';
import { fakeModel } from '../session/fixtures';
import { Session } from '../session/session';
import { DEFAULT_SETTINGS } from '../session/settings';
import { Count } from './count';

const trans = nullTranslator.load('lit_lab');

/** A model of 2,048 tokens, of which a prompt of digits takes as many as it says. */
class Client extends FakeClient {
  model: Partial<ModelInfo> = {};

  async models() {
    const known = { name: 'demo', window: 2048, ...this.model };
    return {
      models: [fakeModel({ state: 'ready', ...known })],
      found: [],
      known: [],
      memory: null
    };
  }

  async countTokens({ prompt, chat }: TokenCountRequest): Promise<TokenCount> {
    const use = chat === 'on' ? 'wrapped' : 'plain';
    return { model: 'demo', tokens: Number(prompt), chat: use, window: 2048 };
  }
}

function Drawn(props: { session: Session; isWriting: boolean }): JSX.Element {
  useRedraw(props.session);
  return <Count {...props} />;
}

describe('panel/count', () => {
  let client: Client;
  let session: Session;
  let host: HTMLElement;
  let root: Root;

  beforeEach(async () => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    jest.useFakeTimers();
    client = new Client();
    session = new Session(client, trans);
    session.settings = { ...DEFAULT_SETTINGS, maxNewTokens: 48 };
    session.watch(true);
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
    await act(() => session.service.refresh());
  });

  afterEach(() => {
    act(() => root.unmount());
    host.remove();
    session.dispose();
    jest.useRealTimers();
  });

  const show = (isWriting = true) =>
    act(() =>
      root.render(
        <PanelContext value={{ trans, openMenu: () => undefined }}>
          <Drawn session={session} isWriting={isWriting} />
        </PanelContext>
      )
    );

  const type = (prompt: string) =>
    act(async () => {
      session.prompt.edit(prompt);
      jest.advanceTimersByTime(COUNT_DELAY);
      await settle();
    });

  const tokens = () => host.querySelector('.lit-count-tokens');
  const live = () => host.querySelector('[role=status]')!;
  const room = () =>
    host.querySelector('.lit-count')!.getAttribute('data-room');

  it('tells how many of the model’s tokens the prompt is', async () => {
    show();
    expect(tokens()).toBeNull();
    // Its room is kept: Run must not move away under a click.
    expect(host.querySelector('.lit-count[data-writing]')).not.toBeNull();
    await type('208');
    expect(host.textContent).toBe(`208 of ${(2048).toLocaleString()} tokens`);
    expect(room()).toBe('enough');
    // What changes with each key isn't read out.
    expect(tokens()!.closest('[aria-live], [role=status]')).toBeNull();
    await type('');
    expect(host.textContent).toBe('');
  });

  it('warns where the longest answer doesn’t fit, and where the prompt doesn’t', async () => {
    show();
    const region = live();
    await type('2000');
    expect(region.textContent).toBe('');
    await type('2001');
    expect(room()).toBe('tight');
    const tight = region.textContent;
    expect(tight).toContain('answer, of 48 tokens');
    await type('2002');
    expect(region.textContent).toBe(tight); // nothing to read out again
    await type('2048');
    expect(room()).toBe('none');
    expect(region.textContent).toContain('doesn’t fit. Shorten it');
    expect(live()).toBe(region);
    await type('9');
    expect(region.textContent).toBe('');
  });

  it('goes by the longest answer that the server allows', async () => {
    session.settings = { ...DEFAULT_SETTINGS, maxNewTokens: 1000 };
    show();
    await type('1984'); // and 64 more
    expect(room()).toBe('enough');
    await type('1985');
    expect(room()).toBe('tight');
  });

  it('is there beside an answer only where something is wrong', async () => {
    show(false);
    await type('208');
    expect(host.textContent).toBe('');
    await type('4000');
    expect(tokens()!.textContent).toContain((4000).toLocaleString());
  });

  it('says what is counted, and why the model takes no more', async () => {
    client.model = { window_reason: 'memory', trained: 32768 };
    await act(() => session.service.refresh());
    session.settings = { ...DEFAULT_SETTINGS, chat: 'on' };
    show();
    await type('208');
    const title = tokens()!.getAttribute('title');
    expect(title).toContain('with the chat format’s');
    expect(title).toContain(
      `of the model’s ${(32768).toLocaleString()} tokens: more wouldn’t fit`
    );
  });
});
