import { nullTranslator } from '@jupyterlab/translation';

import { FakeSource, settle } from './fakes';
import { tokens } from './fixtures';
import type { FakeClient } from './fakes';
import { ANSWER, DEAD, PROMPT, Scenario } from './scenario';
import { textOf } from './runText';
import { Session } from './session';

describe('session/explanation', () => {
  let scenario: Scenario;
  let client: FakeClient;
  let session: Session;
  let source: FakeSource;

  beforeEach(async () => {
    scenario = await Scenario.begin();
    ({ client, session, source } = scenario);
  });

  afterEach(() => {
    session.dispose();
  });

  it('streams the answer, then computes all its sentences in one job', async () => {
    const running = session.runs.generate();
    await settle();
    const job = client.last;
    expect(job.request).toEqual({
      kind: 'generate',
      model: 'demo',
      prompt: PROMPT,
      thinking: false,
      chat: 'auto',
      max_new_tokens: 64,
      sampling: {
        temperature: 0,
        top_k: null,
        top_p: null,
        seed: 0,
        repetition_penalty: 1
      },
      stop: [],
      origin: { document: 'a/prompts.ipynb', place: ['cell 2', 'f-string'] },
      alternatives: 5,
      title: ''
    });
    job.send({ event: 'state', message: 'loading demo' });
    await settle();
    expect(session.runs.attempt?.message).toBe('loading demo');
    expect(session.runs.shown).toBeNull();
    job.answer(PROMPT, ANSWER);
    await running;
    await settle();
    expect(session.runs.shown?.phase).toBe('done');
    expect(session.runs.shown?.reason).toBe('end');
    const { request } = client.last;
    expect(client.jobs).toHaveLength(2);
    expect(request).toMatchObject({ kind: 'salience', model: 'demo' });
    expect(request.kind === 'salience' && request.methods).toEqual([
      'grad_l2',
      'grad_dot_input'
    ]);
    expect(request.kind === 'salience' && request.targets).toHaveLength(3);
    expect(request.kind === 'salience' && request.ids).toEqual(
      session.explanation.text!.tokens.map(t => t.id)
    );
  });

  it('cuts sentences across wrapped lines, and explains them as targets', async () => {
    const wrapped =
      'In the tower of that old castle in which the\nqueen was born.\nYes.';
    const running = session.runs.generate();
    await settle();
    client.last.answer(PROMPT, wrapped);
    await running;
    await settle();
    const sentences = () =>
      session.explanation.text!.answer.map(span =>
        textOf(session.explanation.text!.tokens, span).trim()
      );
    const { request } = client.last;
    expect(request.kind === 'salience' && request.targets).toHaveLength(2);
    expect(sentences()).toEqual([wrapped.slice(0, -5), 'Yes.']);
    session.settings = { ...session.settings, joinLines: 'off' };
    expect(sentences()).toHaveLength(3);
    session.settings = { ...session.settings, joinLines: 'on' };
    expect(sentences()).toHaveLength(2);
    const seam = session.explanation.text!.seam;
    expect(session.explanation.pickSegment(seam)).toBe(true);
    expect(session.explanation.target).toEqual(
      session.explanation.text!.answer[0]
    );
  });

  it('paints a click, another method and granularity without a request', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    expect(session.explanation.pickSegment(scenario.token(8))).toBe(true);
    expect(scenario.target()).toBe('Recommendation: Avoid.');
    expect(session.explanation.map).not.toBeNull();
    expect(source.paintedPrompt).toBe(PROMPT);
    const painted = source.painted!.map(({ span: [start, end] }) =>
      PROMPT.slice(start, end)
    );
    expect(painted).toEqual([
      'Be brief.',
      'Be kind.',
      'Suggestion: soup',
      'Analysis:'
    ]);
    const shares = session.explanation.map!.segments.map(s => s.share ?? 0);
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1);

    for (const granularity of ['tokens', 'words', 'lines'] as const) {
      session.settings = { ...session.settings, granularity };
      expect(session.explanation.map).not.toBeNull();
      expect(scenario.target()).toBe('Recommendation: Avoid.');
    }
    // A sentence's sum of gradient · input says nothing of for and against.
    session.settings = { ...session.settings, method: 'grad_dot_input' };
    expect(session.explanation.map!.isSigned).toBe(false);
    expect(session.explanation.map!.weights.every(weight => weight >= 0)).toBe(
      true
    );
    session.settings = { ...session.settings, granularity: 'tokens' };
    expect(session.explanation.map!.isSigned).toBe(true);
    expect(session.explanation.map!.weights.some(weight => weight < 0)).toBe(
      true
    );
    session.settings = {
      ...session.settings,
      granularity: 'sentences',
      aggregation: 'sum'
    };
    expect(session.explanation.map!.isSigned).toBe(true);
    expect(client.jobs).toHaveLength(2);

    session.explanation.clear();
    expect(session.explanation.map).toBeNull();
    expect(source.painted).toBeNull();
  });

  it('computes what was not computed before all else', async () => {
    const job = await scenario.answered();
    session.explanation.pickSegment(scenario.token(8));
    session.explanation.pickSegment(scenario.token(0), true);
    expect(scenario.target().trim()).toBe(ANSWER.trim());
    await settle();
    expect(job.isCancelled).toBe(true);
    const urgent = client.last;
    expect(
      urgent.request.kind === 'salience' && urgent.request.targets
    ).toEqual([
      {
        start: session.explanation.target![0],
        end: session.explanation.target![1]
      }
    ]);
    urgent.scores(0);
    urgent.send({ event: 'done', seconds: 1 });
    await settle();
    expect(session.explanation.map).not.toBeNull();
    // What was left undone goes on.
    const rest = client.last;
    expect(rest).not.toBe(urgent);
    expect(
      rest.request.kind === 'salience' && rest.request.targets
    ).toHaveLength(3);
  });

  it('does not disturb a job that comes to the target at once', async () => {
    const job = await scenario.answered();
    session.explanation.pickSegment(scenario.token(0));
    await settle();
    expect(job.isCancelled).toBe(false);
    expect(session.explanation.map).toBeNull();
    job.scores(0);
    await settle();
    expect(session.explanation.map).not.toBeNull();
  });

  it('explains only the answer', async () => {
    await scenario.answered();
    expect(session.explanation.pickSegment(1)).toBe(false);
    expect(session.explanation.target).toBeNull();
  });

  it('tells a failed map, and computes it on Retry', async () => {
    const job = await scenario.answered();
    session.explanation.pickSegment(scenario.token(0));
    job.break(DEAD);
    await settle();
    expect(session.explanation.scores!.problem?.message).toBe(
      'The model service ended.'
    );
    session.explanation.scores!.retry();
    await settle();
    client.last.scores(0);
    await settle();
    expect(session.explanation.scores!.problem).toBeNull();
    expect(session.explanation.map).not.toBeNull();
  });

  it('explains a stopped answer', async () => {
    const running = session.runs.generate();
    await settle();
    const job = client.last;
    job.prompt(PROMPT);
    job.send({
      event: 'token',
      token: tokens(' It')[0]
    });
    await settle();
    session.runs.stop();
    await running;
    await settle();
    expect(job.isCancelled).toBe(true);
    expect(session.runs.shown?.phase).toBe('stopped');
    expect(client.last.request.kind).toBe('salience');
  });

  it('asks for each target once, sentence and line as it may be', async () => {
    session.settings = { ...session.settings, granularity: 'lines' };
    const { request } = await scenario.answered();
    const targets = request.kind === 'salience' ? request.targets : [];
    expect(targets).toHaveLength(4);
    expect(new Set(targets.map(t => JSON.stringify(t))).size).toBe(4);
  });

  it('tells when somebody else cancelled the computation', async () => {
    const job = await scenario.answered();
    session.explanation.pickSegment(scenario.token(0));
    job.send({ event: 'cancelled' });
    await settle();
    expect(session.explanation.scores!.problem?.remedies).toEqual(['retry']);
  });

  it('goes on shading the cell when the prompt is edited in the panel', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(scenario.token(0));
    session.prompt.edit('mine');
    expect(source.paintedPrompt).toBe(PROMPT);
    expect(source.painted).not.toBeNull();
  });

  it('takes the last target for its own answer alone', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(scenario.token(8));
    const saved = JSON.parse(JSON.stringify(session.save()));
    // The next run's answer is not there yet when the page is reloaded.
    const running = session.runs.generate();
    await settle();
    expect(session.save().run?.jobId).toBe(saved.run.jobId);
    client.last.answer(PROMPT, ' Fine.');
    await running;

    const next = new Session(client, nullTranslator.load('lit_lab'));
    await next.service.refresh();
    saved.run.jobId = (await client.startJob(job.request)).id;
    const restored = next.restore(saved);
    next.open(new FakeSource('Another one.'));
    void next.runs.generate();
    await settle();
    client.last.answer('Another one.', ANSWER);
    await restored;
    await settle();
    expect(next.runs.shown?.prompt).toBe('Another one.');
    expect(next.explanation.target).toBeNull();
    next.dispose();
  });
});
