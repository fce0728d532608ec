/** A reload in the middle: what is under way is followed, whatever it is at. */
import { nullTranslator } from '@jupyterlab/translation';

import type { RunRecord } from '../api';
import { FakeClient, FakeSource, settle } from './fakes';
import { fakeRecord, tokens } from './fixtures';
import type { ISavedSession } from './saved';
import { Session } from './session';

const trans = nullTranslator.load('lit_lab');
const PROMPT = 'Be brief. Be kind.';
const ANSWER = ' It is. Well.';

describe('session: a reload in the middle', () => {
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

  // The page before is left as it is: a reload ends nothing on the server.
  async function page(): Promise<Session> {
    const one = new Session(client, trans);
    pages.push(one);
    await one.service.refresh();
    return one;
  }

  function saved(one = session): ISavedSession {
    return JSON.parse(JSON.stringify(one.save()));
  }

  async function reloaded(): Promise<Session> {
    const state = saved();
    const next = await page();
    void next.restore(state);
    await settle();
    return next;
  }

  async function answered(): Promise<void> {
    const running = session.runs.generate();
    await settle();
    client.last.answer(PROMPT, ANSWER);
    await running;
    await settle();
  }

  it('follows a run that waits for its model', async () => {
    void session.runs.generate();
    await settle();
    const job = client.last;
    job.send({ event: 'state', message: 'loading demo' });
    await settle();
    const { started } = session.runs.attempt!;
    const next = await reloaded();
    expect(next.runs.attempt?.message).toBe('loading demo');
    expect(next.runs.attempt?.started).toBe(started);
    expect(next.runs.isRunning).toBe(true);
    job.answer(PROMPT, ANSWER);
    await settle();
    expect(next.runs.shown?.phase).toBe('done');
    expect(client.jobs[0]).toBe(job);
    expect(job.isCancelled).toBe(false);
  });

  it('shows the answer before, while the next run waits', async () => {
    await answered();
    client.last.scores(0, 1);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    session.explanation.pickSegment(session.explanation.text!.seam);
    session.prompt.edit('Be loud.');
    void session.runs.generate();
    await settle();
    const next = await reloaded();
    expect(next.runs.shown?.prompt).toBe(PROMPT);
    expect(next.explanation.target).not.toBeNull();
    expect(next.runs.attempt?.prompt).toBe('Be loud.');
    // Once more, before all of it is there.
    expect(saved(next).attempt?.prompt).toBe('Be loud.');
    client.last.answer('Be loud.', ANSWER);
    await settle();
    expect(next.runs.shown?.prompt).toBe('Be loud.');
  });

  it('keeps what is still to come back over another reload', async () => {
    await answered();
    const state = saved();
    const next = await page();
    client.events = () => never();
    void next.restore(state);
    await settle();
    expect(saved(next).run).toEqual(state.run);
  });

  it('follows an answer that streams', async () => {
    void session.runs.generate();
    await settle();
    const job = client.last;
    job.prompt(PROMPT);
    job.send({ event: 'token', token: tokens(' It')[0] });
    await settle();
    const next = await reloaded();
    expect(next.runs.shown?.phase).toBe('answering');
    expect(next.runs.shown?.answerTokens).toHaveLength(1);
    next.runs.stop();
    expect(job.isCancelled).toBe(true);
  });

  it('follows salience that is being computed, rather than compute it twice', async () => {
    await answered();
    const job = client.last;
    expect(job.request.kind).toBe('salience');
    job.scores(0);
    await settle();
    const next = await reloaded();
    next.explanation.pickSegment(next.explanation.text!.seam);
    expect(next.explanation.map).not.toBeNull();
    job.scores(1);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    expect(next.explanation.scores!.isBusy).toBe(false);
    expect(client.jobs.filter(one => one.request.kind === 'salience')).toEqual([
      job
    ]);
  });

  it('computes salience anew where its job is gone', async () => {
    await answered();
    const state = saved();
    client.jobs.splice(1);
    const next = await page();
    void next.restore(state);
    await settle();
    await settle();
    expect(client.last.request.kind).toBe('salience');
    expect(client.jobs).toHaveLength(2);
  });

  it('follows a map that was asked for', async () => {
    await answered();
    client.last.scores(0, 1);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    session.settings = { ...session.settings, method: 'integrated_gradients' };
    session.explanation.pickSegment(session.explanation.text!.seam);
    await settle();
    session.explanation.demand!.computation!.start();
    await settle();
    const job = client.last;
    const state = saved();
    const next = await page();
    next.settings = { ...next.settings, method: 'integrated_gradients' };
    void next.restore(state);
    await settle();
    await settle();
    expect(next.explanation.demand?.computation?.phase).toBe('running');
    expect(client.last).toBe(job);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    expect(next.explanation.demand?.computation?.phase).toBe('done');
  });

  it('does not show an answer under a prompt that was opened meanwhile', async () => {
    await answered();
    const state = saved();
    client.jobs.length = 0;
    let release: () => void = () => undefined;
    client.run = () =>
      new Promise(resolve => {
        release = () => resolve(record({ reason: 'end' }));
      });
    const next = await page();
    const restored = next.restore(state);
    await settle();
    next.open(new FakeSource('Another one.'));
    release();
    await restored;
    expect(next.prompt.value).toBe('Another one.');
    expect(next.runs.shown).toBeNull();
  });

  it('shows what there is of a run that the server’s end broke off, with its values', async () => {
    void session.runs.generate();
    await settle();
    client.last.prompt(PROMPT);
    client.last.send({ event: 'token', token: tokens(' It')[0] });
    await settle();
    const state = saved();
    client.jobs.length = 0;
    client.kept.set('job-0', record({ reason: null }));
    const next = await page();
    await next.restore({
      ...state,
      run: { ...state.run!, values: { x: 'soup' } }
    });
    expect(next.runs.shown?.phase).toBe('stopped');
    expect(next.runs.shown?.values).toEqual({ x: 'soup' });
  });
});

/** What the history has of the first run, whose answer has one word. */
function record(known: Partial<RunRecord>): RunRecord {
  return fakeRecord(PROMPT, ' It', {
    id: 'job-0',
    seconds: null,
    first_seconds: null,
    ...known
  });
}

/** Events that don't come. */
function never(): AsyncIterable<never> {
  const next = () => new Promise<never>(() => undefined);
  return { [Symbol.asyncIterator]: () => ({ next }) };
}
