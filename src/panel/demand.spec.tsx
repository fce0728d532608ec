import { act } from 'react';

import { FakeSource, settle } from '../session/fakes';
import type { FakeClient } from '../session/fakes';
import { METHOD_NAMES } from '../session/methods';
import { ANSWER } from '../session/scenario';
import type { Session } from '../session/session';
import { DEFAULT_SETTINGS } from '../session/settings';
import { PanelStage } from './fixtures';

const PROMPT = 'Be brief. Be <b>kind</b>.\nSuggestion: soup\nAnalysis:';

describe('panel: methods, demand and faithfulness', () => {
  let stage: PanelStage;
  let host: HTMLElement;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    stage = await PanelStage.begin(PROMPT);
    host = stage.host;
    ({ client, session } = stage.scenario);
    await stage.explained(4);
  });

  afterEach(() => stage.dispose());

  const select = () =>
    host.querySelector<HTMLSelectElement>('.lit-method-choice select')!;
  const choose = (method: string) =>
    act(async () => {
      select().value = method;
      select().dispatchEvent(new Event('change', { bubbles: true }));
      await settle();
    });
  const button = (name: string) => stage.button(name);
  const click = (name: string) => stage.click(name);

  it('groups methods, and calls none a gradient that is not', async () => {
    const groups = [...select().querySelectorAll('optgroup')];
    expect(groups.map(g => [...g.children].map(o => o.textContent))).toEqual([
      ['L2 norm', 'grad · input', 'Integrated gradients'],
      ['Flow'],
      ['Leave one out', 'LIME', 'SHAP']
    ]);
    expect(groups.map(({ label }) => label)).toEqual([
      'Gradients',
      'Attention',
      'Taking parts away'
    ]);
    expect(select().options).toHaveLength(METHOD_NAMES.length);
    await choose('lime');
    const about = document.getElementById(
      select().getAttribute('aria-describedby')!
    )!;
    expect(about.textContent).toContain('Not a gradient');
    expect(about.querySelector('a')!.href).toContain('arxiv.org');
    await choose('integrated_gradients');
    expect(about.textContent).toContain('A gradient');
    await choose('flow');
    expect(about.textContent).toContain('what the model’s attention reads');
    expect(about.textContent).toContain('It leaves out');
    expect(about.textContent).toContain('Not a gradient');
  });

  it('shows flow’s shares', async () => {
    await choose('flow');
    await click('Compute');
    await act(async () => {
      client.last.demandedScores(() => 0.05, null);
      await settle();
    });
    const shares = [
      ...host.querySelectorAll<HTMLElement>('.lit-ranks-share')
    ].map(({ textContent }) => textContent);
    expect(shares.length).toBeGreaterThan(1);
    shares.forEach(share => expect(share).toMatch(/^[\d.]+%$/));
    expect(host.querySelector('.lit-legend')!.textContent).toContain(
      'of salience'
    );
    expect(host.querySelector('.lit-text')!.getAttribute('data-signed')).toBe(
      'false'
    );
  });

  it('keeps the target when Escape is pressed in the choice', () => {
    const press = (at: Element) =>
      act(() => {
        at.dispatchEvent(
          new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })
        );
      });
    press(select());
    expect(session.explanation.target).not.toBeNull();
    press(button('Run') ?? host.querySelector('.lit-primary')!);
    expect(session.explanation.target).toBeNull();
  });

  it('shows cost, progress, Cancel, and the map in nats', async () => {
    await choose('shap');
    const dock = () => host.querySelector('.lit-insight')!;
    expect(dock().textContent).toContain(
      'about 40 passes through the model, 3 s'
    );
    expect(dock().textContent).toMatch(/SHAP removes the \d+ segments/);
    await click('Compute');
    await act(async () => {
      client.last.send({ event: 'progress', done: 10, total: 40 });
      await settle();
    });
    const bar = host.querySelector('progress')!;
    expect([bar.value, bar.max]).toEqual([10, 40]);
    await click('Cancel');
    expect(button('Compute')).toBeDefined();
    await click('Compute');
    await act(async () => {
      client.last.segmentScores(i => (i === 1 ? -2.312 : 0.5));
      await settle();
    });
    const first = host.querySelector<HTMLElement>('.lit-ranks-row')!;
    expect(first.textContent).toContain('Be <b>kind</b>.');
    expect(first.textContent).toContain('−2.31 ± 0.50 nats');
    expect(
      first.querySelector<HTMLElement>('.lit-ranks-share')!.title
    ).toContain('A nat is');
    expect(first.dataset.sign).toBe('negative');
    expect(host.querySelector('.lit-text')!.getAttribute('data-signed')).toBe(
      'true'
    );
    expect(host.querySelector('.lit-legend')!.textContent).toContain(
      'against it'
    );
  });

  it('warns of a large gap of integrated gradients', async () => {
    await choose('integrated_gradients');
    for (const [gap, words] of [
      [0.004, 'explains 99.6% of the change'],
      [0.034, 'off by 3.4% of the change']
    ] as const) {
      if (gap > 0.01) {
        await act(async () => {
          session.explanation.pickSegment(session.explanation.text!.seam);
          await settle();
        });
      }
      await click('Compute');
      await act(async () => {
        client.last.demandedScores(i => i, gap);
        await settle();
      });
      const note = host.querySelector<HTMLElement>('.lit-gap')!;
      expect(note.textContent).toContain(words);
      expect(note.dataset.large).toBe(String(gap > 0.01));
    }
  });

  it('refuses to take hundreds of tokens away, in words', async () => {
    await act(async () => {
      session.open(new FakeSource('word '.repeat(450)));
      session.settings = {
        ...DEFAULT_SETTINGS,
        granularity: 'tokens',
        method: 'leave_one_out'
      };
      const limits = session.service.status!.limits;
      Object.assign(limits, { max_prompt_chars: 9999 });
      const running = session.runs.generate();
      await settle();
      client.last.answer('word '.repeat(450), ANSWER);
      await running;
      await settle();
      session.explanation.pickSegment(session.explanation.text!.seam + 4);
      await settle();
    });
    expect(host.querySelector('.lit-refusal')!.textContent).toMatch(
      /the limit is 400\. Choose longer ones/
    );
    expect(button('Compute')).toBeUndefined();
  });

  it('tests the map, and compares it with the others', async () => {
    await click('Trust');
    const details = host.querySelector<HTMLElement>('.lit-faithfulness')!;
    expect(details.textContent).toContain('grad · input');
    expect(details.textContent).toContain('about 40 passes');
    await click('Test this map');
    const points = [0, -4, -8].map((logprob, i) => ({
      share: i / 2,
      logprob
    }));
    await act(async () => {
      for (const kind of ['deletion', 'insertion'] as const) {
        for (const order of ['map', 'random', 'length'] as const) {
          client.last.send({ event: 'curve', kind, order, points });
        }
      }
      await settle();
    });
    expect(host.querySelectorAll('svg[role="img"] polyline')).toHaveLength(6);
    expect(host.querySelector('.lit-verdict')).toBeNull();
    await act(async () => {
      client.last.send(
        {
          event: 'faithfulness',
          target: { start: 1, end: 2 },
          effect: 8,
          logprob_range: 9,
          faithfulness: 0.02,
          deviation: 0.1,
          length_adjusted: null,
          stability: 0.95,
          passes: 70
        },
        { event: 'done', seconds: 1 }
      );
      await settle();
    });
    expect(host.querySelector('.lit-verdict')!.textContent).toContain(
      'No better than chance'
    );
    expect(details.textContent).toContain('hardly changes its order (0.95)');
  });

  it('sets sampling, and tells it before and after the run', async () => {
    await click('Options');
    await stage.type('Temperature', '0.8');
    await stage.type('Seed', '');
    expect(session.settings.seed).toBe(0);
    await stage.type('Seed', '3');
    expect(stage.changes).toEqual([{ temperature: 0.8 }, { seed: 3 }]);
    expect(host.querySelector('.lit-sampled')!.textContent).toContain(
      'temperature 0.8, seed 3'
    );
    await act(async () => {
      const running = session.runs.generate();
      await settle();
      expect(client.last.request).toMatchObject({
        sampling: {
          temperature: 0.8,
          top_k: null,
          top_p: null,
          seed: 3,
          repetition_penalty: 1
        }
      });
      client.last.answer(PROMPT, ANSWER);
      await running;
      await settle();
    });
    expect(host.querySelector('.lit-sampled')).toBeNull();
    const facts = host.querySelector<HTMLElement>('.lit-facts')!;
    expect(facts.textContent).toContain('temperature 0.8, seed 3');
    expect(facts.title).toMatch(
      /first word after 0\.1 s; 3 of \d+ prompt tokens reused/
    );
  });
});
