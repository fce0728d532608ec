import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';
import type { Root } from 'react-dom/client';

import { PanelContext } from '../components/context';
import { FakeClient, settle } from '../session/fakes';
import { tokens } from '../session/fixtures';
import type { IProblem } from '../session/problem';
import { DEFAULT_SETTINGS } from '../session/settings';
import { Column } from './column';
import { Comparison } from './comparison';
import type { ISettingsSource } from './comparison';

const trans = nullTranslator.load('lit_lab');
const GONE: IProblem = { message: 'It is gone.', hint: '', remedies: [] };
const DOWN: IProblem = { ...GONE, message: 'No server.', remedies: ['retry'] };

describe('compare/column', () => {
  let host: HTMLElement;
  let root: Root;
  let comparison: Comparison;
  let opened: string[];
  let answer: IProblem | null;

  beforeEach(async () => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    host = document.createElement('div');
    document.body.append(host);
    root = createRoot(host);
    opened = [];
    answer = null;
    const client = new FakeClient();
    for (const id of ['a', 'b']) {
      client.kept.set(id, {
        id,
        created: 5,
        model: 'demo',
        origin: null,
        title: `run ${id}`,
        starred: false,
        prompt: 'Be brief.',
        turns: [],
        turn_spans: [],
        system: null,
        answer: '',
        sampling: {
          temperature: 0,
          top_k: null,
          top_p: null,
          seed: 0,
          repetition_penalty: 1
        },
        stop: ['Q:', '\n'],
        chat: 'plain',
        thinking: false,
        terms: null,
        prompt_tokens: tokens('Be brief.'),
        answer_tokens: [],
        reason: 'stop',
        stopped_at: '\n',
        partial: null,
        seconds: 0.5,
        first_seconds: 0.1,
        scores: [],
        effects: []
      });
    }
    const source = { splitter: null, settings: DEFAULT_SETTINGS };
    const changed = new Signal<ISettingsSource, void>({} as ISettingsSource);
    comparison = new Comparison(client, { ...source, changed }, trans);
    await comparison.restore({ left: 'a', right: 'b' });
    await settle();
    await act(async () => {
      root.render(
        <PanelContext value={{ trans, openMenu: () => undefined }}>
          <Column
            comparison={comparison}
            side="right"
            pane={React.createRef<HTMLDivElement>()}
            actions={{
              onSettings: () => undefined,
              onRestart: () => undefined,
              onSave: () => undefined,
              onOpen: async id => {
                opened.push(id);
                return answer;
              }
            }}
          />
        </PanelContext>
      );
    });
  });

  afterEach(() => {
    act(() => root.unmount());
    host.remove();
    comparison.dispose();
  });

  const press = async (label: string) => {
    const button = [...host.querySelectorAll('button')].find(
      one => one.textContent === label
    )!;
    await act(async () => button.click());
  };
  const message = () =>
    host.querySelector('[role="alert"] .lit-problem-message')?.textContent ??
    null;

  it('tells where its answer was to end, and where it did', () => {
    const facts = host.querySelector('.lit-compare-facts')!.textContent;
    expect(facts).toContain('greedy · to stop at “Q:”, “\\n”');
    expect(facts).toContain('ended before “\\n”');
  });

  it('tells why its run can’t be opened in the panel, until it can', async () => {
    answer = DOWN;
    await press('Open in panel');
    expect(message()).toBe('No server.');
    answer = null;
    await press('Retry');
    expect(message()).toBeNull();
    expect(opened).toEqual(['b', 'b']);
  });

  it('tells it until that is dismissed', async () => {
    answer = GONE;
    await press('Open in panel');
    expect(message()).toBe('It is gone.');
    await press('Dismiss');
    expect(message()).toBeNull();
  });
});
