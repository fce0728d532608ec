/** Samples after a reload, and from the history: they are there again, and none is computed twice. */
import { FakeSource, settle } from './fakes';
import type { FakeClient } from './fakes';
import { KeptSource } from './keptsource';
import { recordOf } from './run';
import { SamplePages } from './sampleFakes';
import type { Session } from './session';

describe('session/samples, kept', () => {
  let pages: SamplePages;
  let client: FakeClient;
  let session: Session;

  beforeEach(async () => {
    pages = await SamplePages.begin();
    ({ client, session } = pages);
  });

  afterEach(() => pages.dispose());

  it('tries one that failed again after a reload, too', async () => {
    const running = session.runs.generate();
    await settle();
    await pages.answer(' A.');
    pages.fail();
    await running;
    await settle();
    pages.keep();
    const next = await pages.reloaded();
    expect(next.runs.isRunning).toBe(false);
    expect(next.runs.samples.isCutShort).toBe(true);
    void next.runs.retry();
    await settle();
    await pages.answer(' B.');
    await pages.answer(' C.');
    expect(next.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
    expect(next.runs.samples.isCutShort).toBe(false);
  });

  it('makes no more for a prompt that was left, or a run that was opened', async () => {
    let running = session.runs.generate();
    await settle();
    await pages.answer(' A.');
    const other = new FakeSource('Be loud.');
    other.place = ['cell 9'];
    session.open(other);
    await running;
    await settle();
    expect(session.runs.isRunning).toBe(false);
    expect(pages.jobs('generate')).toHaveLength(2);

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
    expect(pages.jobs('generate')).toHaveLength(4);
  });

  it('knows a sample that is opened from the history', async () => {
    await pages.all(' A.', ' B.', ' C.');
    const record = recordOf(session.runs.samples.runs[1]!, []);
    session.reopen(record, new KeptSource(record, 'earlier', () => undefined));
    expect(session.runs.samples.indexOf(session.runs.shown)).toBe(1);
    session.showSample(0);
    expect(session.runs.shown?.jobId).toBe('job-0');
  });

  it('has all of them again after a reload, and asks for none', async () => {
    await pages.all(' A.', ' B.', ' C.');
    pages.keep();
    const next = await pages.reloaded();
    expect(next.runs.samples.indexOf(next.runs.shown)).toBe(2);
    expect(next.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
    next.showSample(0);
    expect(next.runs.shown?.answerTokens.map(({ text }) => text)).toEqual([
      ' A.'
    ]);
    expect(pages.jobs('generate')).toHaveLength(3);
    expect(next.runs.isRunning).toBe(false);
  });

  it('tells of those that the history doesn’t have', async () => {
    jest.spyOn(console, 'warn').mockImplementation(() => undefined);
    await pages.all(' A.', ' B.', ' C.');
    const next = await pages.reloaded();
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
    await pages.answer(' A.');
    pages.keep();
    const next = await pages.reloaded();
    expect(next.runs.shown?.jobId).toBe('job-0');
    expect(next.runs.attempt?.jobId).toBe('job-1');
    expect(next.runs.isRunning).toBe(true);
    expect(next.runs.samples.total).toBe(3);
    await pages.answer(' B.');
    expect(pages.seeds()).toEqual([5, 6, 7]);
    await pages.answer(' C.');
    expect(next.runs.isRunning).toBe(false);
    expect(next.runs.samples.runs.map(run => run?.sampling.seed)).toEqual([
      5, 6, 7
    ]);
  });

  it('takes none for a sample that was shown before', async () => {
    session.settings = { ...session.settings, samples: 1 };
    await pages.all(' Old.');
    session.settings = { ...session.settings, samples: 3 };
    void session.runs.generate();
    await settle();
    const next = await pages.reloaded();
    expect(next.runs.samples.indexOf(next.runs.shown)).toBe(-1);
    await pages.answer(' A.');
    await pages.answer(' B.');
    await pages.answer(' C.');
    const { runs } = next.runs.samples;
    expect(runs.map(run => run?.sampling.seed)).toEqual([5, 6, 7]);
    expect(runs.some(run => run?.jobId === 'job-0')).toBe(false);
  });

  it('can be stopped after a reload', async () => {
    void session.runs.generate();
    await settle();
    await pages.answer(' A.');
    pages.keep();
    const next = await pages.reloaded();
    next.runs.stop();
    await settle();
    expect(next.runs.isRunning).toBe(false);
    expect(next.runs.samples.total).toBe(1);
    expect(pages.jobs('generate')).toHaveLength(2);
  });
});
