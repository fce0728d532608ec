/** Several answers to one prompt: one after the other, each a run, none computed twice. */
import { settle } from './fakes';
import type { FakeClient } from './fakes';
import { SamplePages } from './sampleFakes';
import { seedOf } from './samples';
import type { Session } from './session';
import { countOf, DEFAULT_SETTINGS, MAX_SEED, readSettings } from './settings';

describe('session/samples', () => {
  let pages: SamplePages;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    pages = await SamplePages.begin();
    ({ client, session } = pages);
  });

  afterEach(() => pages.dispose());

  it('makes one after the other, each with the next seed', async () => {
    const running = session.runs.generate();
    await settle();
    expect(pages.seeds()).toEqual([5]);
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(-1);
    pages.begun(' A');
    await settle();
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(0);
    expect(session.runs.samples.total).toBe(3);
    await pages.answer(' A.');
    expect(pages.seeds()).toEqual([5, 6]);
    expect(session.runs.isRunning).toBe(true);
    expect(session.runs.shown?.phase).toBe('done');
    await pages.answer(' B.');
    await pages.answer(' C.');
    await running;
    expect(session.runs.isRunning).toBe(false);
    expect(pages.seeds()).toEqual([5, 6, 7]);
    const { runs } = session.runs.samples;
    expect(runs.map(run => run?.jobId)).toEqual(['job-0', 'job-1', 'job-2']);
    expect(runs.map(run => run?.sampling.seed)).toEqual([5, 6, 7]);
    expect(session.runs.shown).toBe(runs[2]);
  });

  it('leaves the model to them: maps are of the last one, once all are there', async () => {
    const running = session.runs.generate();
    await settle();
    await pages.answer(' A.');
    await pages.answer(' B.');
    expect(pages.jobs('salience')).toHaveLength(0);
    await pages.answer(' C.');
    await running;
    await settle();
    expect(pages.jobs('salience')).toHaveLength(1);
  });

  it('makes one greedily, of a forced answer, and where one is wanted', async () => {
    const { settings } = session;
    session.settings = { ...settings, temperature: 0 };
    expect(countOf(session.settings)).toBe(1);
    await pages.all(' A.');
    expect(pages.jobs('generate')).toHaveLength(1);
    expect(session.runs.samples.total).toBe(1);
    session.settings = settings;
    const giving = session.runs.score(' Given.');
    await settle();
    await pages.answer(' Given.');
    await giving;
    expect(pages.jobs('score')).toHaveLength(1);
    expect(pages.jobs('generate')).toHaveLength(1);
    session.settings = { ...settings, samples: 1 };
    await pages.all(' A.');
    expect(pages.jobs('generate')).toHaveLength(2);
    expect(session.save().samples).toBeUndefined();
  });

  it('shows another without asking for anything, with the maps it had', async () => {
    await pages.all(' A. One.', ' B.', ' C. Two.');
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
    expect(pages.jobs('generate')).toHaveLength(3);
    expect(client.jobs).toHaveLength(count + 1);
    session.showSample(7);
    session.showSample(-1);
    expect(session.runs.shown?.jobId).toBe('job-2');
  });

  it('tells which answers are the same', async () => {
    await pages.all(' A.', ' B.', ' A.');
    const { samples } = session.runs;
    expect([0, 1, 2].map(index => samples.sameAs(index))).toEqual([-1, -1, 0]);
  });

  it('stops the one under way, and makes no more', async () => {
    const running = session.runs.generate();
    await settle();
    await pages.answer(' A.');
    pages.begun(' B');
    await settle();
    session.runs.stop();
    await running;
    await settle();
    expect(pages.jobs('generate')).toHaveLength(2);
    expect(pages.jobs('generate')[1].isCancelled).toBe(true);
    expect(session.runs.isRunning).toBe(false);
    const { runs, total } = session.runs.samples;
    expect(runs.map(run => run?.phase)).toEqual(['done', 'stopped']);
    expect(total).toBe(2);
  });

  it('stops before the first word of one, which then isn’t there', async () => {
    const running = session.runs.generate();
    await settle();
    await pages.answer(' A.');
    session.runs.stop();
    await running;
    await settle();
    expect(session.runs.samples.total).toBe(1);
    expect(session.runs.shown?.jobId).toBe('job-0');
    expect(pages.jobs('generate')).toHaveLength(2);
    // Its maps needn't wait any longer.
    expect(pages.jobs('salience')).toHaveLength(1);
  });

  it('leaves those before one that failed, and tries that one again', async () => {
    const running = session.runs.generate();
    await settle();
    await pages.answer(' A.');
    pages.fail();
    await running;
    await settle();
    expect(session.runs.failure?.message).toBe('No.');
    expect(session.runs.isRunning).toBe(false);
    expect(session.runs.samples.total).toBe(1);
    expect(session.runs.shown?.jobId).toBe('job-0');
    const again = session.runs.retry();
    await settle();
    await pages.answer(' B.');
    await pages.answer(' C.');
    await again;
    expect(session.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
    expect(session.runs.failure).toBeNull();
  });

  it('keeps those that were there where nothing came of another Run', async () => {
    await pages.all(' A.', ' B.', ' C.');
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
    pages.fail();
    await again;
    expect(session.runs.samples.runs).toEqual(before);
    expect(session.save().samples?.jobs).toHaveLength(3);
  });

  it('puts another in the place of one that broke off', async () => {
    const running = session.runs.generate();
    await settle();
    await pages.answer(' A.');
    pages.begun(' B');
    pages.fail();
    await running;
    await settle();
    const phases = () => session.runs.samples.runs.map(run => run?.phase);
    expect(phases()).toEqual(['done', 'failed']);
    const again = session.runs.retry();
    await settle();
    await pages.answer(' B.');
    await pages.answer(' C.');
    await again;
    expect(phases()).toEqual(['done', 'done', 'done']);
    expect(pages.seeds()).toEqual([5, 6, 6, 7]);
  });

  it('takes an answer under another repetition penalty for another one', async () => {
    const { settings } = session;
    session.settings = { ...settings, samples: 1 };
    await pages.all(' A.');
    await session.analyze(pages.source());
    expect(pages.jobs('generate')).toHaveLength(1);
    session.settings = { ...session.settings, repetitionPenalty: 1.2 };
    void session.analyze(pages.source());
    await settle();
    expect(pages.jobs('generate')).toHaveLength(2);
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
