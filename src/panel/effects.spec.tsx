import { act } from 'react';

import { sendEffects } from '../session/effectFakes';
import { settle } from '../session/fakes';
import type { FakeClient } from '../session/fakes';
import { DEAD } from '../session/scenario';
import type { Session } from '../session/session';
import { PanelStage } from './fixtures';

/** The second of the prompt's four sentences matters most, the third is against. */
const COSTS = [0.01, 1.5, -0.05, 0.2];

describe('panel: effects', () => {
  let stage: PanelStage;
  let host: HTMLElement;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    stage = await PanelStage.begin();
    host = stage.host;
    ({ client, session } = stage.scenario);
  });

  afterEach(() => stage.dispose());

  const explained = () => stage.explained(8);
  const part = () => host.querySelector<HTMLElement>('.lit-effects')!;
  const click = (name: string) => stage.click(name);
  const compute = (count?: number) =>
    act(async () => {
      sendEffects(client.last, COSTS, count);
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
    });
  const rows = () =>
    [...host.querySelectorAll<HTMLElement>('.lit-ledto-row')].map(row => ({
      text: row.querySelector('.lit-ledto-text')!.textContent,
      effect: row.querySelector('.lit-ledto-effect')?.textContent,
      sign: row.dataset.sign
    }));
  const badges = () =>
    [...host.querySelectorAll<HTMLElement>('.lit-flow [data-rank]')].map(
      segment => [segment.textContent, segment.dataset.rank]
    );

  it('lists shares and effects, sorted by effect', async () => {
    client.effectsCost = { passes: 55, seconds: 2 };
    await explained();
    expect(rows()[0].effect).toBeUndefined();
    expect(part().textContent).toContain('Computing effects');
    await compute();
    expect(rows().slice(0, 4)).toEqual([
      { text: 'Be kind.', effect: '90% → 20%', sign: undefined },
      { text: 'Analysis:', effect: '90% → 74%', sign: undefined },
      { text: 'Suggestion: soup', effect: '90% → 95%', sign: 'negative' },
      { text: 'Be brief.', effect: '90% → 90%', sign: undefined }
    ]);
    const effect = host.querySelector<HTMLElement>('.lit-ledto-effect')!;
    expect(effect.title).toContain('from 90% to 20%: −3.0 nats');
    expect(effect.title).toMatch(/it adds \+\d.*\(ContextCite\)/);
    expect(effect.title).toContain('A nat is');
    expect(badges()).toContainEqual(['Be kind.', '1']);
    expect(host.querySelector('.lit-flow')!.getAttribute('data-signed')).toBe(
      'true'
    );
    expect(host.querySelector('.lit-legend')!.textContent).toContain(
      'largest effect: 90% → 20%'
    );
    const level = part().querySelector<HTMLElement>('[data-reliability]')!;
    expect(level.dataset.reliability).toBe('good');
    expect(level.textContent).toMatch(/^Reliability of these effects: good\./);
    expect(level.textContent).not.toMatch(/\d/);
  });

  it('shades by share again, without a request', async () => {
    client.effectsCost = { passes: 55, seconds: 2 };
    await explained();
    await compute();
    const count = client.jobs.length;
    await click('Share');
    expect(stage.changes).toEqual([{ shadeBy: 'share' }]);
    expect(badges()).not.toContainEqual(['Be kind.', '1']);
    expect(rows()[0]).toMatchObject({
      text: 'You may like it.',
      effect: '90% → 90%'
    });
    expect(host.querySelector('.lit-flow')!.getAttribute('data-signed')).toBe(
      'false'
    );
    expect(part().textContent).toContain('Reliability of this map:');
    await click('Effect');
    expect(badges()).toContainEqual(['Be kind.', '1']);
    expect(client.jobs).toHaveLength(count);
  });

  it('says why there are none for other segments', async () => {
    client.effectsCost = { passes: 55, seconds: 2 };
    await explained();
    await compute();
    await act(async () => {
      session.settings = { ...session.settings, granularity: 'words' };
      await settle();
    });
    expect(rows()[0].effect).toBeUndefined();
    expect(part().textContent).toContain('choose Sentences above');
  });

  it('offers what is above the budget; Cancel and Retry', async () => {
    client.effectsCost = { passes: 55, seconds: 300 };
    await explained();
    expect(part().textContent).toContain(
      'Compute effectsabout 55 passes through the model, 5 min'
    );
    await click('Compute effects');
    await act(async () => {
      sendEffects(client.last, COSTS, 11);
      await settle();
    });
    const bar = part().querySelector('progress')!;
    expect([bar.value, bar.max]).toEqual([11, 55]);
    await click('Cancel');
    expect(client.last.isCancelled).toBe(true);
    // What is known stays.
    expect(rows()[0].effect).toBe('90% → 20%');
    await click('Compute effects');
    expect(client.last.request).toMatchObject({ kind: 'effects', skip: 11 });
    await act(async () => {
      client.last.break(DEAD);
      await settle();
    });
    expect(part().textContent).toContain('The model service ended.');
    await click('Retry');
    await compute();
    expect(part().querySelector('button:not([role])')).toBeNull();
  });

  it('lets the user choose the budget', async () => {
    await explained();
    await click('Options');
    expect(stage.field('Seconds for effects').value).toBe('20');
    await stage.type('Seconds for effects', '0');
    expect(stage.changes).toEqual([{ effectsSeconds: 0 }]);
  });
});
