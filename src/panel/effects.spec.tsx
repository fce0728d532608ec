import { act } from 'react';

import { sendEffects } from '../session/effectFakes';
import { FakeSource, settle } from '../session/fakes';
import type { FakeClient } from '../session/fakes';
import { LONG, LongPrompt, PARAGRAPHS, SENTENCES } from '../session/longPrompt';
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
    [...host.querySelectorAll<HTMLElement>('.lit-ranks-row')].map(row => ({
      text: row.querySelector('.lit-ranks-text')!.textContent,
      effect: row.querySelector('.lit-ranks-effect')?.textContent,
      sign: row.dataset.sign
    }));
  const badges = () =>
    [...host.querySelectorAll<HTMLElement>('.lit-text [data-rank]')].map(
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
    const effect = host.querySelector<HTMLElement>('.lit-ranks-effect')!;
    expect(effect.title).toContain('from 90% to 20% (−3.0 nats in all)');
    expect(effect.title).toMatch(/it adds \+\d.*\(ContextCite\)/);
    expect(effect.title).toContain('A nat is');
    expect(badges()).toContainEqual(['Be kind.', '1']);
    expect(host.querySelector('.lit-text')!.getAttribute('data-signed')).toBe(
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

  it('says that effects are in half precision, and computes exact ones after a click', async () => {
    client.effectsCost = { passes: 55, seconds: 2 };
    await explained();
    await act(async () => {
      sendEffects(client.last, COSTS, Infinity, 0, 0.0312);
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
    });
    const note = part().querySelector<HTMLElement>('[title*="0.031 nats"]')!;
    expect(note.textContent).toContain('Effects in half precision.');
    expect(part().textContent).not.toMatch(/exact/);
    await click('Exact (float32)');
    expect(stage.changes).toEqual([{ exactEffects: true }]);
    // Once they are stopped, another click continues them.
    await act(async () => {
      session.explanation.effects!.cancel();
      await settle();
    });
    const count = client.jobs.length;
    await click('Exact (float32)');
    expect(client.jobs).toHaveLength(count + 1);
    expect(client.last.request).toMatchObject({ precision: 'float32' });
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
    expect(host.querySelector('.lit-text')!.getAttribute('data-signed')).toBe(
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
    expect(part().textContent).toContain('Choose Sentences above');
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
    expect(part().textContent).not.toContain('Compute effects');
  });

  it('shows averages as a first look, and asks for more random deletions', async () => {
    client.effectsCost = { passes: 55, seconds: 2 };
    await explained();
    await act(async () => {
      // All but 16 random sets.
      sendEffects(client.last, COSTS, 39);
      await settle();
    });
    await click('Average');
    expect(stage.changes).toEqual([{ shadeBy: 'average' }]);
    expect(part().textContent).toContain(
      'First averages, over 16 random deletions of about half of the prompt. They are more reliable with 32.'
    );
    expect(part().textContent).not.toContain('more random deletions');
    expect(rows()[0]).toMatchObject({ text: 'Be kind.' });
    expect(rows()[0].effect).toMatch(/^\+\d+\.\d+ nats$/);
    expect(host.querySelector('.lit-legend')!.textContent).toMatch(
      /largest average: \+\d/
    );
    client.effectsCost = { passes: 32, seconds: 3 };
    await act(async () => {
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
      sendEffects(client.last, COSTS);
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
    });
    expect(part().textContent).toContain('Averages over 32 random deletions');
    expect(part().textContent).toMatch(
      /Reliability of these averages: (good|fair|weak)\./
    );
    expect(part().textContent).toContain(
      'Try 32 more random deletionsabout 32 passes through the model, 3 s'
    );
    await click('Try 32 more random deletions');
    expect(client.last.request).toMatchObject({ samples: 64, skip: 55 });
    await act(async () => {
      sendEffects(client.last, COSTS, 20);
      await settle();
    });
    const bar = part().querySelector('progress')!;
    expect([bar.value, bar.max]).toEqual([75, 87]);
    await click('Cancel');
    // What was computed stays: one block more.
    expect(part().textContent).toContain('Averages over 48 random deletions');
    await click('Try 12 more random deletions');
    expect(client.last.request).toMatchObject({ samples: 64, skip: 75 });
    await compute();
    expect(part().textContent).toContain('Averages over 64 random deletions');
    expect(part().textContent).not.toContain('more random deletions');
    // The history stores all of them.
    const [kept] = session.shown!.record().effects;
    const random = kept.events.filter(({ kind }) => kind === 'random');
    expect(random.flatMap(({ removed }) => removed)).toHaveLength(64);
  });

  it('tries the strongest parts in pairs, and says which act together', async () => {
    client.effectsCost = { passes: 55, seconds: 2 };
    await explained();
    expect(part().textContent).not.toContain('in pairs');
    await compute();
    client.effectsCost = { passes: 6, seconds: 1 };
    await click('Try the strongest parts in pairs');
    const { request } = client.last;
    const chosen = [
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 2],
      [1, 3],
      [2, 3]
    ];
    expect(request).toMatchObject({ kind: 'effects', chosen });
    // Cancelled, and again.
    await click('Cancel');
    expect(client.last.isCancelled).toBe(true);
    await click('Try the strongest parts in pairs');
    await act(async () => {
      sendEffects(client.last, COSTS, Infinity, 1);
      client.last.send({ event: 'done', seconds: 1 });
      await settle();
    });
    const list = () => [
      ...part().querySelectorAll<HTMLElement>('.lit-pairs li')
    ];
    expect(list()).toHaveLength(1);
    expect(list()[0].textContent).toBe(
      'line 1 (“Be brief.”) and line 3 (“Analysis:”) together: more than the two ' +
        'alone. Without both: 90% → 27%; their effects add up to 90% → 73%.'
    );
    expect(list()[0].title).toMatch(/^Without both, .* −2\.4 nats; .* −0\.4/);
    expect(part().textContent).not.toContain('in pairs');
    // Stored, and shown without a job.
    const record = session.shown!.record();
    const count = client.jobs.length;
    await act(async () => {
      session.reopen(record, stage.scenario.source);
      await settle();
      session.explanation.pickSegment(stage.scenario.token(8));
      await settle();
    });
    expect(list()).toHaveLength(1);
    expect(client.jobs).toHaveLength(count);
  });

  it('says beforehand what a trial does to the target', async () => {
    client.effectsCost = { passes: 55, seconds: 2 };
    await explained();
    const button = () =>
      host.querySelector<HTMLElement>('.lit-ranks-item .lit-try')!;
    expect(button().title).toMatch(/^Try without it:/);
    await compute();
    expect(button().title).toContain(
      'Without it, the target’s probability per token goes from 90% to 20% (−3.0 nats in all). Try without it:'
    );
    const segment = [
      ...host.querySelectorAll<HTMLElement>('.lit-text [data-segment]')
    ].find(({ textContent }) => textContent === 'Be kind.')!;
    await act(async () => {
      segment.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
    });
    expect(host.querySelector('.lit-try-effect')!.textContent).toBe(
      '90% → 20%'
    );
  });

  it('says of a long prompt which sentences averages and pairs are of', async () => {
    const long = await LongPrompt.begin(stage.scenario);
    session.open(new FakeSource(LONG));
    await settle();
    await explained();
    expect(part().textContent).toContain('This prompt is long');
    await act(async () => long.finish(PARAGRAPHS));
    await act(async () => long.finish(SENTENCES));
    expect(part().textContent).toContain('12 sentences were looked into.');
    await click('Average');
    expect(part().textContent).toContain(
      'Averages over 16 random deletions of about half of the sentences that were looked into.'
    );
    // These are all that are usual here.
    expect(part().textContent).not.toContain('First averages');
    expect(part().textContent).toMatch(
      /Reliability of these averages: .* other random deletions of half of the sentences that were looked into/
    );
    await click('Try 48 more random deletions');
    expect(long.asked).toMatchObject({ samples: 64, skip: 45 });
    await act(async () => long.finish(SENTENCES));
    expect(part().textContent).toContain('Averages over 64 random deletions');
    await click('Try the strongest parts in pairs');
    await act(async () => long.finish(SENTENCES, Infinity, 1));
    expect(part().textContent).toContain('Two parts together');
    expect(part().textContent).not.toContain('more random deletions');
    // Of the paragraphs, other sets are known.
    await act(async () => {
      session.settings = { ...session.settings, granularity: 'paragraphs' };
      await settle();
    });
    expect(part().textContent).toContain(
      'Averages over 16 random deletions of about half of the prompt.'
    );
    expect(part().textContent).toContain('Try 48 more random deletions');
    expect(part().textContent).not.toContain('Two parts together');
  });

  it('lets the user choose the budget', async () => {
    await explained();
    await click('Options');
    expect(stage.field('Seconds for effects').value).toBe('20');
    await stage.type('Seconds for effects', '0');
    expect(stage.changes).toEqual([{ effectsSeconds: 0 }]);
  });
});
