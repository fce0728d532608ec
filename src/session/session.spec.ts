import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import { FakeClient, fakeModel, FakeSource, settle, tokens } from './fakes';
import type { FakeJob } from './fakes';
import { Session } from './session';

const PROMPT = 'Be brief. Be kind.\nSuggestion: soup\nAnalysis:';
const ANSWER = ' It has onions. You may like it.\nRecommendation: Avoid.';

const DEAD = new ApiError({
  error: 'service_died',
  message: 'The model service ended.',
  hint: 'Restart it.'
});

describe('session', () => {
  let client: FakeClient;
  let session: Session;
  let source: FakeSource;

  beforeEach(async () => {
    client = new FakeClient();
    session = new Session(client, nullTranslator.load('lit_lab'));
    source = new FakeSource(PROMPT);
    await session.service.refresh();
    session.open(source);
    await settle();
  });

  afterEach(() => {
    session.dispose();
  });

  /** Run to the end; gives the salience job that follows by itself. */
  async function answered(): Promise<FakeJob> {
    const running = session.generate();
    await settle();
    client.last.answer(session.prompt.value, ANSWER);
    await running;
    await settle();
    return client.last;
  }

  /** The characters of the target. */
  function target(): string {
    const [start, end] = session.explanation.target!;
    return session.explanation
      .text!.tokens.slice(start, end)
      .map(t => t.text)
      .join('');
  }

  /** Index of the answer's nth token. */
  const token = (n: number) => session.explanation.text!.seam + n;

  it('warms the service up when a prompt is opened', () => {
    expect(client.started).toBeGreaterThan(0);
    expect(client.jobs).toHaveLength(0);
  });

  it('runs an edit of the cell that was made just before', async () => {
    source.pending = 'Be loud.';
    const running = session.generate();
    await settle();
    expect(client.last.request).toMatchObject({ prompt: 'Be loud.' });
    client.last.answer('Be loud.', ' Yes.');
    await running;
  });

  it('starts one run when asked twice', async () => {
    const running = Promise.all([session.generate(), session.generate()]);
    await settle();
    expect(client.jobs).toHaveLength(1);
    client.last.answer(session.prompt.value, ANSWER);
    await running;
  });

  it('streams the answer, then computes all its sentences in one job', async () => {
    const running = session.generate();
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
    expect(session.attempt?.message).toBe('loading demo');
    expect(session.run).toBeNull();
    job.answer(PROMPT, ANSWER);
    await running;
    await settle();
    expect(session.run?.phase).toBe('done');
    expect(session.run?.reason).toBe('end');
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

  it('paints a click, another method and granularity without a request', async () => {
    const job = await answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    expect(session.explanation.pickSegment(token(8))).toBe(true);
    expect(target()).toBe('Recommendation: Avoid.');
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
      expect(target()).toBe('Recommendation: Avoid.');
    }
    session.settings = { ...session.settings, method: 'grad_dot_input' };
    expect(session.explanation.map!.weights.some(weight => weight < 0)).toBe(
      true
    );
    expect(client.jobs).toHaveLength(2);

    session.explanation.clear();
    expect(session.explanation.map).toBeNull();
    expect(source.painted).toBeNull();
  });

  it('computes what was not computed before all else', async () => {
    const job = await answered();
    session.explanation.pickSegment(token(8));
    session.explanation.pickSegment(token(0), true);
    expect(target().trim()).toBe(ANSWER.trim());
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
    const job = await answered();
    session.explanation.pickSegment(token(0));
    await settle();
    expect(job.isCancelled).toBe(false);
    expect(session.explanation.map).toBeNull();
    job.scores(0);
    await settle();
    expect(session.explanation.map).not.toBeNull();
  });

  it('explains only the answer', async () => {
    await answered();
    expect(session.explanation.pickSegment(1)).toBe(false);
    expect(session.explanation.target).toBeNull();
  });

  it('keeps the answer when the next run fails, and can try again', async () => {
    const job = await answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    session.explanation.pickSegment(token(0));
    source.become(`${PROMPT} now`);
    client.failure = DEAD;
    await session.generate();
    expect(session.attempt?.problem?.message).toBe('The model service ended.');
    expect(session.attempt?.problem?.remedies).toContain('restart');
    expect(session.run?.prompt).toBe(PROMPT);
    expect(session.explanation.map).not.toBeNull();
    expect(session.isStale).toBe(true);
    expect(session.isRunning).toBe(false);
    client.failure = null;
    const again = session.generate();
    await settle();
    client.last.answer(`${PROMPT} now`, ' Fine.');
    await again;
    expect(session.attempt).toBeNull();
    expect(session.run?.prompt).toBe(`${PROMPT} now`);
    expect(session.explanation.target).toBeNull();
  });

  it('keeps what came of an answer when the service dies in the middle', async () => {
    const running = session.generate();
    await settle();
    client.last.prompt(PROMPT);
    client.last.send({
      event: 'token',
      token: tokens(' It')[0]
    });
    await settle();
    client.last.send({
      event: 'error',
      error: 'service_died',
      message: 'The model service ended.',
      hint: ''
    });
    await running;
    expect(session.run?.phase).toBe('failed');
    expect(session.run?.answerTokens).toHaveLength(1);
    expect(session.prompt.value).toBe(PROMPT);
  });

  it('tells a failed map, and computes it on Retry', async () => {
    const job = await answered();
    session.explanation.pickSegment(token(0));
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
    const running = session.generate();
    await settle();
    const job = client.last;
    job.prompt(PROMPT);
    job.send({
      event: 'token',
      token: tokens(' It')[0]
    });
    await settle();
    session.stop();
    await running;
    await settle();
    expect(job.isCancelled).toBe(true);
    expect(session.run?.phase).toBe('stopped');
    expect(client.last.request.kind).toBe('salience');
  });

  it('leaves the last answer when the next run is stopped before it begins', async () => {
    await answered();
    const running = session.generate();
    await settle();
    session.stop();
    await running;
    expect(session.attempt).toBeNull();
    expect(session.run?.phase).toBe('done');
  });

  it.each([
    ['', 'no prompt'],
    ['half \ud83d a cheese', 'half a character'],
    ['x'.repeat(1001), '1001']
  ])('tells what is wrong before any request: %j', async (text, message) => {
    session.prompt.edit(text);
    await session.generate();
    expect(client.jobs).toHaveLength(0);
    expect(session.promptProblem?.message).toContain(message);
  });

  it('has no complaint about an empty prompt before Run', () => {
    session.prompt.edit('');
    expect(session.promptProblem).toBeNull();
  });

  it('lets go of the answer when another prompt is opened', async () => {
    await answered();
    session.open(new FakeSource('Another one.'));
    expect(session.run).toBeNull();
    expect(session.explanation.text).toBeNull();
    expect(source.painted).toBeNull();
  });

  it('paints again when the same prompt is opened from elsewhere', async () => {
    const job = await answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(token(0));
    const other = new FakeSource(PROMPT);
    session.open(other);
    expect(session.run).not.toBeNull();
    expect(other.painted).not.toBeNull();
  });

  it('outlives a reload: prompt, answer and target', async () => {
    const job = await answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(token(0));
    const saved = JSON.parse(JSON.stringify(session.save()));
    const next = new Session(client, nullTranslator.load('lit_lab'));
    await next.service.refresh();
    await next.restore(saved);
    expect(next.prompt.value).toBe(PROMPT);
    expect(next.run?.phase).toBe('done');
    expect(next.explanation.target).toEqual(session.explanation.target);
    next.dispose();
  });

  it('runs a chosen prompt, and shows its answer when it is chosen again', async () => {
    await answered();
    const before = client.jobs.length;
    await session.analyze(new FakeSource(PROMPT));
    expect(session.run?.phase).toBe('done');
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
    client.last.answer('A third one.', ANSWER);
    await second;
    expect(session.run?.prompt).toBe('A third one.');
  });

  it('runs a chosen prompt again in another chat format', async () => {
    await answered();
    const before = client.jobs.length;
    session.settings = { ...session.settings, chat: 'on' };
    void session.analyze(new FakeSource(PROMPT));
    await settle();
    expect(client.jobs.length).toBe(before + 1);
  });

  it('runs a chosen prompt again when another model is to answer', async () => {
    await answered();
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

  it('stops an attempt when another prompt is opened', async () => {
    const running = session.generate();
    await settle();
    session.open(new FakeSource('Another one.'));
    await running;
    expect(client.last.isCancelled).toBe(true);
    expect(session.attempt).toBeNull();
    expect(session.isRunning).toBe(false);
  });

  it('lets the model go while a run waits for it, then goes on', async () => {
    const background = await answered();
    const running = session.generate();
    await settle();
    expect(background.isCancelled).toBe(true);
    const run = client.last;
    expect(run.request.kind).toBe('generate');
    // What the user waits for comes all the same.
    session.explanation.pickSegment(token(8));
    await settle();
    expect(client.last.request).toMatchObject({ kind: 'salience' });
    client.last.scores(0);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(session.explanation.map).not.toBeNull();
    expect(client.jobs).toHaveLength(4);
    session.stop();
    await running;
    await settle();
    const { request } = client.last;
    expect(client.jobs).toHaveLength(5);
    expect(request.kind === 'salience' && request.targets).toHaveLength(2);
  });

  it('asks for each target once, sentence and line as it may be', async () => {
    session.settings = { ...session.settings, granularity: 'lines' };
    const { request } = await answered();
    const targets = request.kind === 'salience' ? request.targets : [];
    expect(targets).toHaveLength(4);
    expect(new Set(targets.map(t => JSON.stringify(t))).size).toBe(4);
  });

  it('tells when somebody else cancelled the computation', async () => {
    const job = await answered();
    session.explanation.pickSegment(token(0));
    job.send({ event: 'cancelled' });
    await settle();
    expect(session.explanation.scores!.problem?.remedies).toEqual(['retry']);
    session.explanation.scores!.retry();
    await settle();
    client.last.scores(0);
    await settle();
    expect(session.explanation.map).not.toBeNull();
  });

  it('counts characters as the server does', () => {
    session.prompt.edit('🥚'.repeat(600));
    expect(session.promptProblem).toBeNull();
  });

  it('goes on shading the cell when the prompt is edited in the panel', async () => {
    const job = await answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(token(0));
    session.prompt.edit('mine');
    expect(source.paintedPrompt).toBe(PROMPT);
    expect(source.painted).not.toBeNull();
  });

  it('keeps the answer, not the failed attempt after it', async () => {
    await answered();
    const { run } = session.save();
    client.failure = DEAD;
    await session.generate();
    expect(session.attempt?.phase).toBe('failed');
    expect(session.save().run).toEqual(run);
  });

  it('takes the last target for its own answer alone', async () => {
    const job = await answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(token(8));
    const saved = JSON.parse(JSON.stringify(session.save()));
    // The next run's answer is not there yet when the page is reloaded.
    const running = session.generate();
    await settle();
    expect(session.save().run?.jobId).toBe(saved.run.jobId);
    client.last.answer(PROMPT, ' Fine.');
    await running;

    const next = new Session(client, nullTranslator.load('lit_lab'));
    await next.service.refresh();
    saved.run.jobId = (await client.startJob(job.request)).id;
    const restored = next.restore(saved);
    next.open(new FakeSource('Another one.'));
    void next.generate();
    await settle();
    client.last.answer('Another one.', ANSWER);
    await restored;
    await settle();
    expect(next.run?.prompt).toBe('Another one.');
    expect(next.explanation.target).toBeNull();
    next.dispose();
  });

  it('tells when the last answer could not be fetched', async () => {
    await answered();
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
    expect(next.run?.phase).toBe('failed');
    expect(next.isRunning).toBe(false);
    next.dispose();
  });

  it('shades the cell again once it is found after a reload', async () => {
    const job = await answered();
    job.scores(0, 1, 2);
    await settle();
    session.explanation.pickSegment(token(0));
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
    await answered();
    const saved = JSON.parse(JSON.stringify(session.save()));
    client.jobs.length = 0;
    const next = new Session(client, nullTranslator.load('lit_lab'));
    await next.restore(saved);
    expect(next.prompt.value).toBe(PROMPT);
    expect(next.run).toBeNull();
    expect(next.attempt).toBeNull();
    next.dispose();
  });
});
