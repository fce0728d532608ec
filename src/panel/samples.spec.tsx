import React, { act } from 'react';

import type { Comparison } from '../compare/comparison';
import { CompareHints } from '../compare/hints';
import { CompareLauncher } from '../compare/launcher';
import { CONTEXT, Stage } from '../components/fixtures';
import { useRedraw } from '../components/redraw';
import { FakeClient, FakeSource, settle } from '../session/fakes';
import { Session } from '../session/session';
import { DEFAULT_SETTINGS } from '../session/settings';
import type { ISettings } from '../session/settings';
import { RunParts } from './fixtures';
import { Options } from './options';

const { trans } = CONTEXT;
const PROMPT = 'Be brief.';

describe('panel: samples', () => {
  let stage: Stage;
  let host: HTMLElement;
  let client: FakeClient;
  let session: Session;
  let launcher: CompareLauncher;
  let compared: Comparison[];

  beforeEach(async () => {
    stage = new Stage();
    host = stage.host;
    client = new FakeClient();
    session = new Session(client, trans);
    compared = [];
    launcher = new CompareLauncher(
      client,
      session,
      comparison => compared.push(comparison),
      trans
    );
    await session.service.refresh();
    session.settings = {
      ...DEFAULT_SETTINGS,
      temperature: 0.8,
      seed: 5,
      samples: 3
    };
    session.open(new FakeSource(PROMPT));
    await settle();
    stage.draw(<Shown />);
  });

  afterEach(() => {
    stage.dispose();
    compared.forEach(one => one.dispose());
    launcher.dispose();
    session.dispose();
  });

  const onSettings = (change: Partial<ISettings>) => {
    session.settings = { ...session.settings, ...change };
  };

  /** What the panel has of it. */
  function Shown(): JSX.Element {
    useRedraw(session);
    return (
      <>
        <RunParts session={session} onSettings={onSettings} />
        <CompareHints launcher={launcher} session={session} />
        <Options
          text={null}
          settings={session.settings}
          model={null}
          limits={null}
          onSettings={onSettings}
        />
      </>
    );
  }

  const button = (name: string) => stage.button(name);
  const click = (name: string) => stage.click(name);
  const isOff = (name: string) =>
    button(name)!.getAttribute('aria-disabled') === 'true';
  const strip = () => host.querySelector('.lit-samples');
  const status = () => strip()?.querySelector('[role=status]')?.textContent;
  const field = (name: string) => stage.field(name);
  const type = (name: string, text: string) => stage.type(name, text);

  const run = () =>
    act(async () => {
      void session.runs.generate();
      await settle();
    });
  const answer = (text: string) =>
    act(async () => {
      client.last.answer(PROMPT, text);
      await settle();
    });

  it('says which is shown, and leads to the others', async () => {
    expect(strip()).toBeNull();
    await run();
    await answer(' A.');
    expect(status()).toBe('Sample 1 of 3');
    expect(isOff('Next sample')).toBe(true);
    expect(button('Next sample')!.title).toBe(
      'Available once all samples are complete or stopped'
    );
    await answer(' B.');
    await answer(' A.');
    expect(status()).toBe('Sample 3 of 3 · same answer as sample 1');
    expect([isOff('Previous sample'), isOff('Next sample')]).toEqual([
      false,
      true
    ]);
    await click('Previous sample');
    expect(status()).toBe('Sample 2 of 3');
    expect(host.querySelector('.lit-facts')!.textContent).toContain('seed 6');
    await click('Previous sample');
    expect(status()).toBe('Sample 1 of 3');
    // The focus stays where the way ends.
    expect(document.activeElement).toBe(button('Previous sample'));
    expect(isOff('Previous sample')).toBe(true);
    await click('Previous sample');
    expect(status()).toBe('Sample 1 of 3');
    await click('Next sample');
    expect(session.runs.shown?.answerTokens.map(({ text }) => text)).toEqual([
      ' B.'
    ]);
  });

  it('is gone with the next answer alone', async () => {
    await run();
    await answer(' A.');
    await answer(' B.');
    await answer(' C.');
    await type('Samples', '1');
    await run();
    expect(strip()).toBeNull();
    await answer(' D.');
    expect(strip()).toBeNull();
  });

  it('says how many Run will make, until they are made so', async () => {
    const next = () => host.querySelector('.lit-sampled')?.textContent;
    expect(next()).toBe('Next answer: temperature 0.8, seed 5, 3 samples');
    await run();
    await answer(' A.');
    await answer(' B.');
    await answer(' C.');
    expect(status()).toBe('Sample 3 of 3');
    expect(next()).toBeUndefined();
    await type('Samples', '2');
    expect(next()).toBe('Next answer: temperature 0.8, seed 5, 2 samples');
  });

  it('compares the shown sample with the one before', async () => {
    await run();
    await answer(' A.');
    await answer(' B.');
    await answer(' C.');
    await click('Previous sample');
    await click('Compare with the run before');
    expect(compared).toHaveLength(1);
    const { left, right } = compared[0].sides;
    expect([left.run?.jobId, right.run?.jobId]).toEqual(['job-2', 'job-1']);
  });

  it('is chosen in the options, where greedy answers say that one is made', async () => {
    expect(host.textContent).toContain('with the seeds from 5 to 7');
    await type('Samples', '9');
    expect(session.settings.samples).toBe(3);
    expect(field('Samples').getAttribute('aria-invalid')).toBe('true');
    await type('Samples', '8');
    expect(session.settings.samples).toBe(8);
    await type('Temperature', '0');
    expect(host.textContent).toContain('all samples would be the same');
    await run();
    await answer(' A.');
    expect(client.jobs.map(({ request }) => request.kind)).toEqual([
      'generate',
      'salience'
    ]);
  });

  it('has a repetition penalty, shown with the answer, greedy too', async () => {
    await type('Temperature', '0');
    await type('Repetition penalty', '1.2');
    expect(session.settings.repetitionPenalty).toBe(1.2);
    expect(host.querySelector('.lit-sampled')!.textContent).toBe(
      'Next answer: greedy, repetition penalty 1.2'
    );
    await run();
    expect(client.last.request).toMatchObject({
      sampling: { temperature: 0, repetition_penalty: 1.2 }
    });
    await answer(' A.');
    expect(host.querySelector('.lit-sampled')).toBeNull();
    expect(host.querySelector('.lit-facts')!.textContent).toContain(
      'greedy, repetition penalty 1.2'
    );
    await type('Repetition penalty', '0.5');
    expect(session.settings.repetitionPenalty).toBe(1.2);
  });
});
