import type { IStateDB } from '@jupyterlab/statedb';
import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, FakeSource, settle } from './fakes';
import { tokens } from './fixtures';
import { persistSession } from './persistence';
import { readSaved } from './saved';
import { Session } from './session';

const trans = nullTranslator.load('lit_lab');

/** A state database that holds one thing. */
class FakeState {
  value: unknown = undefined;
  fetch = async () => this.value;
  save = async (_: string, value: unknown) => {
    this.value = value;
  };
  get db(): IStateDB {
    return this as unknown as IStateDB;
  }
}

describe('session/persistence', () => {
  let client: FakeClient;
  let state: FakeState;

  beforeEach(() => {
    client = new FakeClient();
    state = new FakeState();
  });

  /** Store a session's state, as a page does that was reloaded or not. */
  const persist = (
    session: Session,
    isReload: boolean,
    restored = Promise.resolve()
  ) => persistSession(session, state.db, restored, isReload);

  it('keeps what is typed while the last answer still comes in', async () => {
    const first = new Session(client, trans);
    await first.service.refresh();
    first.open(new FakeSource('one'));
    void first.runs.generate();
    await settle();
    state.value = JSON.parse(JSON.stringify(first.save()));
    first.dispose();

    const next = new Session(client, trans);
    const save = await persist(next, false);
    await settle();
    expect(next.prompt.value).toBe('one');
    expect(next.runs.isRunning).toBe(true);
    next.prompt.edit('typed');
    await save.save();
    expect(state.value).toMatchObject({
      prompt: { edited: 'typed' },
      attempt: { jobId: 'job-0' }
    });
    next.dispose();
    save.dispose();
  });

  it('leaves a prompt that was opened before what was kept came', async () => {
    const first = new Session(client, trans);
    first.prompt.edit('kept');
    state.value = JSON.parse(JSON.stringify(first.save()));
    const next = new Session(client, trans);
    first.dispose();
    next.open(new FakeSource('quicker'));
    const save = await persist(next, false);
    await settle();
    expect(next.prompt.value).toBe('quicker');
    next.dispose();
    save.dispose();
  });

  it('saves while an answer streams, which changes all the time', async () => {
    jest.useFakeTimers();
    const session = new Session(client, trans);
    const save = await persist(session, false);
    await session.service.refresh();
    session.open(new FakeSource('one'));
    void session.runs.generate();
    await settle();
    client.last.prompt('one');
    for (let i = 0; i < 10; i++) {
      client.last.send({ event: 'token', token: tokens(' It')[0] });
      await jest.advanceTimersByTimeAsync(100);
    }
    expect(session.runs.isRunning).toBe(true);
    expect(state.value).toMatchObject({ run: { jobId: 'job-0' } });
    session.dispose();
    save.dispose();
    jest.useRealTimers();
  });

  it('hands what changed last from page to page', async () => {
    const first = new Session(client, trans);
    const before = await persist(first, false);
    first.prompt.edit('typed last');
    window.dispatchEvent(new Event('pagehide'));
    before.dispose();
    first.dispose();
    expect(state.value).toBeUndefined();

    for (const text of ['typed last', '']) {
      // Taken once: a page after that has the state's store alone.
      const next = new Session(client, trans);
      const save = await persist(next, true);
      expect(next.prompt.value).toBe(text);
      save.dispose();
      next.dispose();
    }
  });

  it('hands on what it was given where it is left before that is there', async () => {
    const first = new Session(client, trans);
    const before = await persist(first, false);
    first.prompt.edit('typed last');
    window.dispatchEvent(new Event('pagehide'));
    before.dispose();
    first.dispose();

    let restore!: () => void;
    const restored = new Promise<void>(resolve => (restore = resolve));
    const hasty = new Session(client, trans);
    const keeping = persist(hasty, true, restored);
    window.dispatchEvent(new Event('pagehide'));
    const next = new Session(client, trans);
    const save = await persist(next, true);
    expect(next.prompt.value).toBe('typed last');
    save.dispose();
    next.dispose();
    restore();
    (await keeping).dispose();
    hasty.dispose();
  });

  it('does not take what another page left, and clears it away', async () => {
    window.sessionStorage.setItem('lit-lab:session', '{"version":5}');
    const next = new Session(client, trans);
    const save = await persist(next, false);
    expect(next.prompt.isEmpty).toBe(true);
    expect(window.sessionStorage.getItem('lit-lab:session')).toBeNull();
    save.dispose();
    next.dispose();
  });

  it('takes what version 0.1.0 kept, whose names were other ones', async () => {
    const session = new Session(client, trans);
    session.forcedAnswer.text = ' Avoid.';
    const { forcedAnswer, ...rest } = session.save();
    session.dispose();
    const foil = { ids: [7], text: ' hate' };
    const run = {
      jobId: 'job-0',
      started: 1,
      model: 'demo',
      prompt: 'one',
      values: {},
      sampling: {},
      origin: null
    };
    expect(
      readSaved({
        ...rest,
        version: 4,
        run: { ...run, given: ' Avoid.' },
        attempt: run,
        other: foil,
        given: forcedAnswer
      })
    ).toEqual({
      ...rest,
      run: { ...run, forcedAnswer: ' Avoid.' },
      attempt: run,
      foil,
      forcedAnswer
    });
    expect(readSaved({ ...rest, version: 4 })).toEqual(rest);
  });

  it('leaves what another version kept', async () => {
    state.value = { version: 1, prompt: {} };
    const next = new Session(client, trans);
    const save = await persist(next, false);
    await settle();
    expect(next.prompt.isEmpty).toBe(true);
    next.dispose();
    save.dispose();
  });
});
