import { nullTranslator } from '@jupyterlab/translation';

import { FakeSource, settle } from './fakes';
import { fakeModel, tokens } from './fixtures';
import type { FakeClient } from './fakes';
import { ANSWER, DEAD, PROMPT, Scenario } from './scenario';
import { Session } from './session';

describe('session/session', () => {
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

  it('warms the service up when a prompt is opened', () => {
    expect(client.started).toBeGreaterThan(0);
    expect(client.jobs).toHaveLength(0);
  });

  it('asks the first model where the server knows no default', async () => {
    const { status } = client;
    client.status = async () => ({
      ...(await status.call(client)),
      default_model: ''
    });
    await session.service.refresh();
    expect(session.model).toBe('demo');
  });

  it('runs an edit of the cell that was made just before', async () => {
    source.pending = 'Be loud.';
    const running = session.runs.generate();
    await settle();
    expect(client.last.request).toMatchObject({ prompt: 'Be loud.' });
    client.last.answer('Be loud.', ' Yes.');
    await running;
  });

  it('starts one run when asked twice', async () => {
    const running = Promise.all([
      session.runs.generate(),
      session.runs.generate()
    ]);
    await settle();
    expect(client.jobs).toHaveLength(1);
    client.last.answer(session.prompt.value, ANSWER);
    await running;
  });

  it('keeps the answer when the next run fails, and can try again', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    session.explanation.pickSegment(scenario.token(0));
    source.become(`${PROMPT} now`);
    client.failure = DEAD;
    await session.runs.generate();
    expect(session.runs.attempt?.problem?.message).toBe(
      'The model service ended.'
    );
    expect(session.runs.attempt?.problem?.remedies).toContain('restart');
    expect(session.runs.shown?.prompt).toBe(PROMPT);
    expect(session.explanation.map).not.toBeNull();
    expect(session.runs.isStale).toBe(true);
    expect(session.runs.isRunning).toBe(false);
    client.failure = null;
    const again = session.runs.generate();
    await settle();
    client.last.answer(`${PROMPT} now`, ' Fine.');
    await again;
    expect(session.runs.attempt).toBeNull();
    expect(session.runs.shown?.prompt).toBe(`${PROMPT} now`);
    expect(session.explanation.target).toBeNull();
  });

  it('keeps what came of an answer when the service dies in the middle', async () => {
    const running = session.runs.generate();
    await settle();
    client.last.prompt(PROMPT);
    client.last.send({
      event: 'token',
      token: tokens(' It')[0]
    });
    await settle();
    client.last.send({
      event: 'error',
      status: 500,
      error: 'service_died',
      message: 'The model service ended.',
      hint: ''
    });
    await running;
    expect(session.runs.shown?.phase).toBe('failed');
    expect(session.runs.shown?.answerTokens).toHaveLength(1);
    expect(session.prompt.value).toBe(PROMPT);
  });

  it('leaves the last answer when the next run is stopped before it begins', async () => {
    await scenario.answered();
    const running = session.runs.generate();
    await settle();
    session.runs.stop();
    await running;
    expect(session.runs.attempt).toBeNull();
    expect(session.runs.shown?.phase).toBe('done');
  });

  it.each([
    ['', 'no prompt'],
    ['half \ud83d a cheese', 'half of a character'],
    ['x'.repeat(1001), '1001']
  ])('tells what is wrong before any request: %j', async (text, message) => {
    session.prompt.edit(text);
    await session.runs.generate();
    expect(client.jobs).toHaveLength(0);
    expect(session.runs.promptProblem?.message).toContain(message);
  });

  it('has no complaint about an empty prompt before Run', () => {
    session.prompt.edit('');
    expect(session.runs.promptProblem).toBeNull();
  });

  it('lets go of the answer when another prompt is opened', async () => {
    await scenario.answered();
    session.open(new FakeSource('Another one.'));
    expect(session.runs.shown).toBeNull();
    expect(session.explanation.text).toBeNull();
    expect(source.painted).toBeNull();
  });

  it('paints again when the same prompt is opened from elsewhere', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(scenario.token(0));
    const other = new FakeSource(PROMPT);
    session.open(other);
    expect(session.runs.shown).not.toBeNull();
    expect(other.painted).not.toBeNull();
  });

  it('runs a chosen prompt, and shows its answer when it is chosen again', async () => {
    await scenario.answered();
    const before = client.jobs.length;
    await session.analyze(new FakeSource(PROMPT));
    expect(session.runs.shown?.phase).toBe('done');
    expect(client.jobs).toHaveLength(before);

    const first = session.analyze(new FakeSource('Another one.'));
    await settle();
    const second = session.analyze(new FakeSource('A third one.'));
    await settle();
    await first;
    const asked = client.jobs
      .slice(before)
      .map(job => [
        (job.request as { prompt?: string }).prompt,
        job.isCancelled
      ]);
    expect(asked).toEqual([
      ['Another one.', true],
      ['A third one.', false]
    ]);
    expect(session.runs.attempt?.prompt).toBe('A third one.');
    client.last.answer('A third one.', ANSWER);
    await second;
    expect(session.runs.shown?.prompt).toBe('A third one.');
  });

  it('runs a prompt with settings of its own, and keeps the user’s', async () => {
    const { settings } = session;
    const given = { maxNewTokens: 7, temperature: 0.5, topK: 3, samples: 1 };
    void session.analyze(new FakeSource(PROMPT), given);
    await settle();
    expect(client.last.request).toMatchObject({
      max_new_tokens: 7,
      sampling: { temperature: 0.5, top_k: 3, seed: settings.seed }
    });
    expect(session.settings).toBe(settings);
    client.last.answer(PROMPT, ANSWER);
    await settle();
    const jobs = client.jobs.length;
    await session.analyze(new FakeSource(PROMPT), given);
    expect(client.jobs).toHaveLength(jobs);
  });

  it('runs a chosen prompt again in another chat format', async () => {
    await scenario.answered();
    const before = client.jobs.length;
    session.settings = { ...session.settings, chat: 'on' };
    void session.analyze(new FakeSource(PROMPT));
    await settle();
    expect(client.jobs.length).toBe(before + 1);
  });

  it('runs a chosen prompt again when another model is to answer', async () => {
    await scenario.answered();
    const before = client.jobs.length;
    client.models = async () => ({
      models: [fakeModel({ name: 'demo' }), fakeModel({ name: 'other' })],
      found: [],
      known: [],
      memory: null
    });
    await session.service.refresh();
    session.model = 'other';
    void session.analyze(new FakeSource(PROMPT));
    await settle();
    expect(client.jobs.length).toBe(before + 1);
  });

  it('lets the model go while a run waits for it, then goes on', async () => {
    const background = await scenario.answered();
    const running = session.runs.generate();
    await settle();
    expect(background.isCancelled).toBe(true);
    const run = client.last;
    expect(run.request.kind).toBe('generate');
    // What the user waits for comes all the same.
    session.explanation.pickSegment(scenario.token(8));
    await settle();
    expect(client.last.request).toMatchObject({ kind: 'salience' });
    client.last.scores(0);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(session.explanation.map).not.toBeNull();
    expect(client.jobs).toHaveLength(4);
    session.runs.stop();
    await running;
    await settle();
    const { request } = client.last;
    expect(client.jobs).toHaveLength(5);
    expect(request.kind === 'salience' && request.targets).toHaveLength(2);
  });

  it('counts characters as the server does', () => {
    session.prompt.edit('🥚'.repeat(600));
    expect(session.runs.promptProblem).toBeNull();
  });

  it('keeps the answer, not the failed attempt after it', async () => {
    await scenario.answered();
    const { run } = session.save();
    client.failure = DEAD;
    await session.runs.generate();
    expect(session.runs.attempt?.phase).toBe('failed');
    expect(session.save().run).toEqual(run);
  });

  it('tells when the last answer could not be fetched', async () => {
    await scenario.answered();
    const saved = JSON.parse(JSON.stringify(session.save()));
    const next = new Session(client, nullTranslator.load('lit_lab'));
    const job = await client.startJob({
      kind: 'generate',
      model: 'demo',
      prompt: PROMPT
    });
    client.last.prompt(PROMPT);
    client.last.send({ event: 'token', token: tokens(' It')[0] });
    saved.run.jobId = job.id;
    const restored = next.restore(saved);
    await settle();
    client.last.break(DEAD);
    await restored;
    expect(next.runs.shown?.phase).toBe('failed');
    expect(next.runs.isRunning).toBe(false);
    next.dispose();
  });

  it('shades the cell again once it is found after a reload', async () => {
    const job = await scenario.answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(scenario.token(0));
    const saved = JSON.parse(JSON.stringify(session.save()));
    for (const [text, isSame] of [
      [PROMPT, true],
      ['changed', false]
    ] as const) {
      const next = new Session(client, nullTranslator.load('lit_lab'));
      await next.restore(saved);
      await settle();
      client.last.scores(0);
      await settle();
      expect(next.explanation.target).toEqual(session.explanation.target);
      expect(next.explanation.map).not.toBeNull();
      expect(next.lostLink).toEqual(source.link);
      const found = new FakeSource(text);
      next.relink(found);
      expect(next.lostLink).toBeNull();
      expect(found.painted !== null).toBe(isSame);
      expect(found.isDisposed).toBe(!isSame);
      expect(next.prompt.value).toBe(PROMPT);
      expect(next.save().prompt.origin).toEqual(saved.prompt.origin);
      next.dispose();
    }
  });

  it('keeps the prompt when the server has forgotten the answer', async () => {
    await scenario.answered();
    const saved = JSON.parse(JSON.stringify(session.save()));
    client.jobs.length = 0;
    const next = new Session(client, nullTranslator.load('lit_lab'));
    await next.restore(saved);
    expect(next.prompt.value).toBe(PROMPT);
    expect(next.runs.shown).toBeNull();
    expect(next.runs.attempt).toBeNull();
    next.dispose();
  });
});
