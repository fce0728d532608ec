import type { IStateDB } from '@jupyterlab/statedb';
import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, FakeSource, settle } from './fakes';
import { keepSession } from './keep';
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

describe('session/keep', () => {
  let client: FakeClient;
  let state: FakeState;

  beforeEach(() => {
    client = new FakeClient();
    state = new FakeState();
  });

  it('keeps what is typed while the last answer still comes in', async () => {
    const first = new Session(client, trans);
    await first.service.refresh();
    first.open(new FakeSource('one'));
    void first.ask();
    await settle();
    state.value = JSON.parse(JSON.stringify(first.save()));
    first.dispose();

    const next = new Session(client, trans);
    const save = await keepSession(next, state.db, Promise.resolve());
    await settle();
    expect(next.prompt.value).toBe('one');
    expect(next.isRunning).toBe(true);
    next.prompt.edit('typed');
    await save.invoke();
    expect(state.value).toMatchObject({
      prompt: { edited: 'typed' },
      run: { jobId: 'job-0' }
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
    const save = await keepSession(next, state.db, Promise.resolve());
    await settle();
    expect(next.prompt.value).toBe('quicker');
    next.dispose();
    save.dispose();
  });

  it('leaves what another version kept', async () => {
    state.value = { version: 1, prompt: {} };
    const next = new Session(client, trans);
    const save = await keepSession(next, state.db, Promise.resolve());
    await settle();
    expect(next.prompt.isEmpty).toBe(true);
    next.dispose();
    save.dispose();
  });
});
