import { act } from 'react';

import type { Session } from '../session/session';
import type { FakeSource } from '../session/fakes';
import { PanelStage } from './fixtures';

describe('panel: a field that changed', () => {
  let stage: PanelStage;

  beforeEach(async () => {
    stage = await PanelStage.begin();
    const { source, session } = stage.scenario;
    const value = 'Be brief. Be {kind}. {n:.2f}';
    source.text = {
      ...source.text!,
      value,
      fields: ['{kind}', '{n:.2f}'].map(written => ({
        name: written.slice(1, -1),
        expression: written.slice(1, -1),
        value: [
          value.indexOf(written),
          value.indexOf(written) + written.length
        ] as const
      }))
    };
    source.suggestions = {
      kind: { value: 'kind', from: 'cell 1' },
      'n:.2f': { value: '1.00', from: 'cell 1' }
    };
    source.become(value);
    await stage.explained(8);
    expect(session.runs.isStale).toBe(false);
  });

  afterEach(() => stage.dispose());

  const origin = () => stage.host.querySelector('.lit-origin')!.textContent;
  const remarks = () =>
    [...stage.host.querySelectorAll('.lit-variable')].map(
      field => field.querySelector('.lit-variable-from')?.textContent
    );

  it('stays as its language writes it, while it has no value', async () => {
    const { source } = stage.scenario;
    const value = 'Be $kind.';
    source.suggestions = {};
    source.text = {
      ...source.text!,
      fields: [{ name: 'kind', expression: 'kind', value: [3, 8] }]
    };
    await act(async () => source.become(value));
    const field = stage.host.querySelector<HTMLTextAreaElement>(
      '.lit-variable textarea'
    )!;
    expect(field.placeholder).toBe('not filled in: stays as $kind');
  });

  it('says so beside the field, not beside the cell', async () => {
    const { prompt } = stage.scenario.session;
    expect(origin()).toContain('unchanged');
    await act(async () => prompt.setVariable('kind', 'mean'));
    expect(remarks()).toEqual(['changed since this run', 'from cell 1']);
    expect(origin()).not.toContain('changed');
    const field = stage.host.querySelector('.lit-variable textarea')!;
    const id = field.getAttribute('aria-describedby')!;
    expect(document.getElementById(id)!.textContent).toBe(
      'changed since this run'
    );
    await act(async () => prompt.setVariable('kind', 'kind'));
    expect(origin()).toContain('unchanged');
  });

  it('leaves a text that changed to the cell', async () => {
    const { prompt } = stage.scenario.session;
    await act(async () => {
      stage.scenario.source.become('Be long. Be {kind}. {n:.2f}');
      prompt.setVariable('kind', 'mean');
    });
    expect(origin()).toContain('changed since this run');
    expect(remarks()).toEqual([undefined, 'from cell 1']);
  });

  it('tells short names from those that need a line of their own', async () => {
    const names = () =>
      stage.host.querySelector<HTMLElement>('.lit-variables')!.dataset.names;
    expect(names()).toBe('short');
    const { source } = stage.scenario;
    const value = '{", ".join(str(x) for x in menu)}';
    source.text = {
      ...source.text!,
      fields: [
        { name: value.slice(1, -1), expression: '', value: [0, value.length] }
      ]
    };
    await act(async () => source.become(value));
    expect(names()).toBe('long');
  });
});

describe('panel: insight', () => {
  let stage: PanelStage;
  let host: HTMLElement;
  let session: Session;
  let source: FakeSource;

  beforeEach(async () => {
    stage = await PanelStage.begin();
    host = stage.host;
    ({ session, source } = stage.scenario);
    await stage.explained(8);
  });

  afterEach(() => stage.dispose());

  const row = (text: string) =>
    [...host.querySelectorAll<HTMLElement>('.lit-ranks-row')].find(each =>
      each.textContent!.includes(text)
    )!;
  const escape = (element: HTMLElement) =>
    act(async () => {
      element.focus();
      element.dispatchEvent(
        new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })
      );
    });

  it('shows a segment in the prompt’s document, too, and the focus stays', async () => {
    const chosen = row('Be kind.');
    await act(async () => {
      chosen.focus();
      chosen.click();
    });
    expect(source.shown).toEqual(['Be kind.']);
    expect(document.activeElement).toBe(chosen);
  });

  it('shows a segment of the answer in the text alone', async () => {
    const { text } = session.explanation;
    session.showInSource(text!.prompt.length);
    expect(source.shown).toEqual([]);
  });

  it('leaves the focus on what was explained when Escape removes the list', async () => {
    const target = host.querySelector('[data-target="true"]')!.textContent;
    await escape(row('Be kind.'));
    expect(session.explanation.target).toBeNull();
    expect(row('Be kind.')).toBeUndefined();
    const focused = document.activeElement as HTMLElement;
    expect(focused.dataset.segment).toBeDefined();
    expect(focused.textContent).toBe(target);
  });

  it('leaves the focus where it is when Escape removes something else', async () => {
    const tab = host.querySelector<HTMLElement>(
      '.lit-insight [aria-selected="true"]'
    )!;
    await escape(tab);
    expect(session.explanation.target).toBeNull();
    expect(document.activeElement).toBe(tab);
  });
});
