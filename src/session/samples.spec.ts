/** Several answers to one prompt: one after the other, each a run, none computed twice. */
import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, FakeSource, settle } from './fakes';
import type { FakeJob } from './fakes';
import { KeptSource } from './keptsource';
import { recordOf } from './run';
import { seedOf } from './samples';
import type { ISavedSession } from './saved';
import { Session } from './session';
import { countOf, DEFAULT_SETTINGS, MAX_SEED, readSettings } from './settings';

const trans = nullTranslator.load('lit_lab');
const PROMPT = 'Be brief. Be kind.';

describe('session/samples', () => {
  let client: FakeClient;
  let session: Session;
  const pages: Session[] = [];

  beforeEach(async () => {
    client = new FakeClient();
    session = await page();
    session.open(new FakeSource(PROMPT));
    await settle();
  });

  afterEach(() => pages.splice(0).forEach(one => one.dispose()));

  async function page(): Promise<Session> {
    const one = new Session(client, trans);
    pages.push(one);
    await one.service.refresh();
    one.settings = {
      ...DEFAULT_SETTINGS,
      temperature: 0.8,
      seed: 5,
      samples: 3
    };
    return one;
  }

  /** The next page, where this one was reloaded. */
  async function reloaded(): Promise<Session> {
    const state = JSON.parse(JSON.stringify(session.save())) as ISavedSession;
    session.dispose(); // As the page goes; its jobs go on.
    const next = await page();
    void next.restore(state);
    await settle();
    return next;
  }

  /** Jobs of one kind. */
  const jobs = (kind: FakeJob['request']['kind']) =>
    client.jobs.filter(job => job.request.kind === kind);

  const seeds = () =>
    jobs('generate').map(
      ({ request }) => request.kind === 'generate' && request.sampling?.seed
    );

  /** Let the sample that is awaited be answered. */
  async function answer(text: string): Promise<void> {
    client.last.answer(PROMPT, text);
    await settle();
  }

  /** Run to the end. */
  async function all(...answers: string[]): Promise<void> {
    const running = session.runs.generate();
    await settle();
    for (const text of answers) {
      await answer(text);
    }
    await running;
    await settle();
  }

  /** Put what was generated into the history. */
  function keep(one: Session): void {
    one.runs.samples.runs.forEach(
      run => run && client.kept.set(run.jobId!, recordOf(run, []))
    );
  }

  it('makes one after the other, each with the next seed', async () => {
    const running = session.runs.generate();
    await settle();
    expect(seeds()).toEqual([5]);
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(-1);
    client.last.prompt(PROMPT);
    client.last.send({
      event: 'token',
      token: {
        id: 1,
        piece: 'A',
        text: ' A',
        kind: 'text',
        logprob: -1
      } as never
    });
    await settle();
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(0);
    expect(session.runs.samples.total).toBe(3);
    await answer(' A.');
    expect(seeds()).toEqual([5, 6]);
    expect(session.runs.isRunning).toBe(true);
    expect(session.runs.shown?.phase).toBe('done');
    await answer(' B.');
    await answer(' C.');
    await running;
    expect(session.runs.isRunning).toBe(false);
    expect(seeds()).toEqual([5, 6, 7]);
    const { runs } = session.runs.samples;
    expect(runs.map(run => run?.jobId)).toEqual(['job-0', 'job-1', 'job-2']);
    expect(runs.map(run => run?.sampling.seed)).toEqual([5, 6, 7]);
    expect(session.runs.shown).toBe(runs[2]);
  });

  it('leaves the model to them: maps are of the last one, once all are there', async () => {
    const running = session.runs.generate();
    await settle();
    await answer(' A.');
    await answer(' B.');
    expect(jobs('salience')).toHaveLength(0);
    await answer(' C.');
    await running;
    await settle();
    expect(jobs('salience')).toHaveLength(1);
  });

  it('makes one greedily, of a forced answer, and where one is wanted', async () => {
    const { settings } = session;
    session.settings = { ...settings, temperature: 0 };
    expect(countOf(session.settings)).toBe(1);
    await all(' A.');
    expect(jobs('generate')).toHaveLength(1);
    expect(session.runs.samples.total).toBe(1);
    session.settings = settings;
    const giving = session.runs.score(' Given.');
    await settle();
    client.last.answer(PROMPT, ' Given.');
    await giving;
    expect(jobs('score')).toHaveLength(1);
    expect(jobs('generate')).toHaveLength(1);
    session.settings = { ...settings, samples: 1 };
    await all(' A.');
    expect(jobs('generate')).toHaveLength(2);
    expect(session.save().samples).toBeUndefined();
  });

  it('shows another without asking for anything, with the maps it had', async () => {
    await all(' A. One.', ' B.', ' C. Two.');
    client.last.scores(0, 1);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    const { source } = session.prompt;
    session.explanation.pickSegment(session.explanation.text!.seam);
    const map = session.explanation.map!.segments.map(({ score }) => score);
    const count = client.jobs.length;
    session.showSample(0);
    await settle();
    expect(session.runs.shown?.jobId).toBe('job-0');
    expect(session.explanation.target).toBeNull();
    expect(session.prompt.source).toBe(source);
    expect(session.shown!.record()).toMatchObject({ answer: ' A. One.' });
    // Its own maps are computed, as nobody has yet.
    expect(client.jobs).toHaveLength(count + 1);
    session.showSample(2);
    await settle();
    session.explanation.pickSegment(session.explanation.text!.seam);
    await settle();
    expect(session.explanation.map!.segments.map(({ score }) => score)).toEqual(
      map
    );
    expect(jobs('generate')).toHaveLength(3);
    expect(client.jobs).toHaveLength(count + 1);
    session.showSample(7);
    session.showSample(-1);
    expect(session.runs.shown?.jobId).toBe('job-2');
  });

  it('tells which answers are the same', async () => {
    await all(' A.', ' B.', ' A.');
    const { samples } = session.runs;
    expect([0, 1, 2].map(index => samples.sameAs(index))).toEqual([-1, -1, 0]);
  });

  it('stops the one under way, and makes no more', async () => {
    const running = session.runs.generate();
    await settle();
    await answer(' A.');
    client.last.prompt(PROMPT);
    client.last.send({
      event: 'token',
      token: {
        id: 1,
        piece: 'B',
        text: ' B',
        kind: 'text',
        logprob: -1
      } as never
    });
    await settle();
    session.runs.stop();
    await running;
    await settle();
    expect(jobs('generate')).toHaveLength(2);
    expect(jobs('generate')[1].isCancelled).toBe(true);
    expect(session.runs.isRunning).toBe(false);
    const { runs, total } = session.runs.samples;
    expect(runs.map(run => run?.phase)).toEqual(['done', 'stopped']);
    expect(total).toBe(2);
  });

  it('stops before the first word of one, which then isn’t there', async () => {
    const running = session.runs.generate();
    await settle();
    await answer(' A.');
    session.runs.stop();
    await running;
    await settle();
    expect(session.runs.samples.total).toBe(1);
    expect(session.runs.shown?.jobId).toBe('job-0');
    expect(jobs('generate')).toHaveLength(2);
    // Its maps needn't wait any longer.
    expect(jobs('salience')).toHaveLength(1);
  });

  it('leaves those before one that failed, and tries that one again', async () => {
    const running = session.runs.generate();
    await settle();
    await answer(' A.');
    client.last.send({ event: 'error', error: 'e', message: 'No.', hint: '' });
    await running;
    await settle();
    expect(session.runs.failure?.message).toBe('No.');
    expect(session.runs.isRunning).toBe(false);
    expect(session.runs.samples.total).toBe(1);
    expect(session.runs.shown?.jobId).toBe('job-0');
    const again = session.runs.retry();
    await settle();
    await answer(' B.');
    await answer(' C.');
    await again;
    expect(session.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
    expect(session.runs.failure).toBeNull();
  });

  it('keeps those that were there where nothing came of another Run', async () => {
    await all(' A.', ' B.', ' C.');
    const before = session.runs.samples.runs;
    const running = session.runs.generate();
    await settle();
    session.runs.stop();
    await running;
    await settle();
    expect(session.runs.samples.runs).toEqual(before);
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(2);
    const again = session.runs.generate();
    await settle();
    client.last.send({ event: 'error', error: 'e', message: 'No.', hint: '' });
    await again;
    expect(session.runs.samples.runs).toEqual(before);
    expect(session.save().samples?.jobs).toHaveLength(3);
  });

  it('tries one that failed again after a reload, too', async () => {
    const running = session.runs.generate();
    await settle();
    await answer(' A.');
    client.last.send({ event: 'error', error: 'e', message: 'No.', hint: '' });
    await running;
    await settle();
    keep(session);
    const next = await reloaded();
    expect(next.runs.isRunning).toBe(false);
    expect(next.runs.samples.isCutShort).toBe(true);
    void next.runs.retry();
    await settle();
    await answer(' B.');
    await answer(' C.');
    expect(next.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
    expect(next.runs.samples.isCutShort).toBe(false);
  });

  it('puts another in the place of one that broke off', async () => {
    const running = session.runs.generate();
    await settle();
    await answer(' A.');
    client.last.prompt(PROMPT);
    client.last.send(
      {
        event: 'token',
        token: {
          id: 1,
          piece: 'B',
          text: ' B',
          kind: 'text',
          logprob: -1
        } as never
      },
      { event: 'error', error: 'e', message: 'No.', hint: '' }
    );
    await running;
    await settle();
    const phases = () => session.runs.samples.runs.map(run => run?.phase);
    expect(phases()).toEqual(['done', 'failed']);
    const again = session.runs.retry();
    await settle();
    await answer(' B.');
    await answer(' C.');
    await again;
    expect(phases()).toEqual(['done', 'done', 'done']);
    expect(seeds()).toEqual([5, 6, 6, 7]);
  });

  it('makes no more for a prompt that was left, or a run that was opened', async () => {
    let running = session.runs.generate();
    await settle();
    await answer(' A.');
    const other = new FakeSource('Be loud.');
    other.place = ['cell 9'];
    session.open(other);
    await running;
    await settle();
    expect(session.runs.isRunning).toBe(false);
    expect(jobs('generate')).toHaveLength(2);

    running = session.runs.generate();
    await settle();
    client.last.answer('Be loud.', ' A.');
    await settle();
    const record = { ...recordOf(session.runs.shown!, []), id: 'old' };
    session.reopen(record, new KeptSource(record, 'earlier', () => undefined));
    await running;
    await settle();
    expect(session.runs.isRunning).toBe(false);
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(-1);
    expect(jobs('generate')).toHaveLength(4);
  });

  it('knows a sample that is opened from the history', async () => {
    await all(' A.', ' B.', ' C.');
    const record = recordOf(session.runs.samples.runs[1]!, []);
    session.reopen(record, new KeptSource(record, 'earlier', () => undefined));
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(1);
    session.showSample(0);
    expect(session.runs.shown?.jobId).toBe('job-0');
  });

  it('has all of them again after a reload, and asks for none', async () => {
    await all(' A.', ' B.', ' C.');
    keep(session);
    const next = await reloaded();
    expect(next.runs.samples.indexOf(next.runs.shown)).toBe(2);
    expect(next.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
    next.showSample(0);
    expect(next.runs.shown?.answerTokens.map(({ text }) => text)).toEqual([
      ' A.'
    ]);
    expect(jobs('generate')).toHaveLength(3);
    expect(next.runs.isRunning).toBe(false);
  });

  it('tells of those that the history doesn’t have', async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    await all(' A.', ' B.', ' C.');
    const next = await reloaded();
    expect(next.runs.samples.runs.map(run => run?.jobId ?? null)).toEqual([
      null,
      null,
      'job-2'
    ]);
    next.showSample(0);
    expect(next.runs.shown?.jobId).toBe('job-2');
    jest.restoreAllMocks();
  });

  it('goes on after a reload in the middle', async () => {
    void session.runs.generate();
    await settle();
    await answer(' A.');
    keep(session);
    const next = await reloaded();
    expect(next.runs.shown?.jobId).toBe('job-0');
    expect(next.runs.attempt?.jobId).toBe('job-1');
    expect(next.runs.isRunning).toBe(true);
    expect(next.runs.samples.total).toBe(3);
    await answer(' B.');
    expect(seeds()).toEqual([5, 6, 7]);
    await answer(' C.');
    expect(next.runs.isRunning).toBe(false);
    expect(next.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
  });

  it('takes none for a sample that was shown before', async () => {
    session.settings = { ...session.settings, samples: 1 };
    await all(' Old.');
    session.settings = { ...session.settings, samples: 3 };
    void session.runs.generate();
    await settle();
    const next = await reloaded();
    expect(next.runs.samples.indexOf(next.runs.shown)).toBe(-1);
    await answer(' A.');
    await answer(' B.');
    await answer(' C.');
    const { runs } = next.runs.samples;
    expect(runs.map(run => run?.sampling.seed)).toEqual([5, 6, 7]);
    expect(runs.some(run => run?.jobId === 'job-0')).toBe(false);
  });

  it('can be stopped after a reload', async () => {
    void session.runs.generate();
    await settle();
    await answer(' A.');
    keep(session);
    const next = await reloaded();
    next.runs.stop();
    await settle();
    expect(next.runs.isRunning).toBe(false);
    expect(next.runs.samples.total).toBe(1);
    expect(jobs('generate')).toHaveLength(2);
  });

  it('takes an answer under another repetition penalty for another one', async () => {
    const { settings } = session;
    session.settings = { ...settings, samples: 1 };
    await all(' A.');
    await session.analyze(new FakeSource(PROMPT));
    expect(jobs('generate')).toHaveLength(1);
    session.settings = { ...session.settings, repetitionPenalty: 1.2 };
    void session.analyze(new FakeSource(PROMPT));
    await settle();
    expect(jobs('generate')).toHaveLength(2);
    expect(client.last.request).toMatchObject({
      sampling: { repetition_penalty: 1.2 }
    });
  });

  it('counts and seeds within their bounds', () => {
    expect(seedOf(MAX_SEED, 1)).toBe(0);
    expect(readSettings({ samples: 99, repetitionPenalty: 7 })).toMatchObject({
      samples: 8,
      repetitionPenalty: 2
    });
    expect(readSettings({ samples: 0, repetitionPenalty: 0.5 })).toEqual(
      DEFAULT_SETTINGS
    );
    expect(readSettings({ samples: 2.4 }).samples).toBe(2);
  });
});
