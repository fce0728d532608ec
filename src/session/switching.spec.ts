/** What belongs to a prompt, a model or a run goes when that is left. */
import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import { FakeClient, FakeSource, settle } from './fakes';
import { fakeModel } from './fixtures';
import { Session } from './session';

const trans = nullTranslator.load('lit_lab');

const REFUSED = new ApiError({
  error: 'model_failed',
  message: 'The model could not be loaded.',
  hint: ''
});

describe('session: from one prompt or model to another', () => {
  let client: FakeClient;
  let session: Session;
  let first: FakeSource;

  beforeEach(async () => {
    client = new FakeClient();
    client.models = async () => ({
      models: [fakeModel({ name: 'demo' }), fakeModel({ name: 'other' })],
      found: [],
      known: [],
      memory: null
    });
    session = new Session(client, trans);
    await session.service.refresh();
    first = new FakeSource('Be brief.');
    session.open(first);
    await settle();
  });

  afterEach(() => session.dispose());

  function elsewhere(text = 'Be kind.'): FakeSource {
    const source = new FakeSource(text);
    source.place = ['cell 9', 'string'];
    return source;
  }

  async function answered(answer = ' It is. Well.'): Promise<void> {
    const running = session.runs.generate();
    await settle();
    client.last.answer(session.prompt.value, answer);
    await running;
    await settle();
    client.last.scores(0);
    await settle();
    session.explanation.pickSegment(session.explanation.text!.seam);
  }

  it('goes back to a text under its own origin, without another’s answer', async () => {
    session.prompt.edit('Be very brief.');
    const second = elsewhere();
    session.open(second);
    await answered();
    expect(second.painted).not.toBeNull();
    session.takeBack();
    expect(session.prompt.value).toBe('Be very brief.');
    expect(session.prompt.source).toBe(first);
    expect(session.runs.shown).toBeNull();
    expect(second.painted).toBeNull();
    expect(first.painted).toBeNull();
  });

  it('takes the shades off a place that is left to be gone back to', async () => {
    await answered();
    expect(first.painted).not.toBeNull();
    session.prompt.edit('Be very brief.');
    session.open(elsewhere());
    expect(first.isDisposed).toBe(false);
    expect(first.painted).toBeNull();
  });

  it('keeps the answer when it goes back to a text of the same place', async () => {
    session.prompt.edit('Be very brief.');
    session.prompt.follow();
    await answered();
    session.takeBack();
    expect(session.prompt.value).toBe('Be very brief.');
    expect(session.runs.shown?.phase).toBe('done');
    expect(session.runs.isStale).toBe(true);
  });

  it('does not run a prompt that was opened while Run waited', async () => {
    let release: () => void = () => undefined;
    first.settled = () =>
      new Promise(resolve => {
        release = resolve;
      });
    const running = session.runs.generate();
    session.open(elsewhere());
    release();
    await running;
    expect(client.jobs).toHaveLength(0);
  });

  it('knows which of the prompts that are being fetched is wanted', () => {
    const one = session.claim();
    const two = session.claim();
    expect([one(), two()]).toEqual([false, true]);
    session.open(elsewhere());
    expect(two()).toBe(false);
  });

  it('lets go of a failure with the model that it is about', async () => {
    client.failure = REFUSED;
    await session.runs.generate();
    expect(session.runs.failure?.message).toBe(
      'The model could not be loaded.'
    );
    session.model = 'other';
    expect(session.runs.failure).toBeNull();
    session.model = 'demo';
    expect(session.runs.failure).toBeNull();
    expect(session.runs.attempt).toBeNull();
  });

  it('lets go of a failure with the prompt that it is about', async () => {
    client.failure = REFUSED;
    await session.runs.generate();
    expect(session.runs.failure).not.toBeNull();
    session.prompt.edit('Be very brief.');
    expect(session.runs.failure).toBeNull();
    expect(session.runs.attempt).toBeNull();
  });

  it('tells why an answer broke off only beside its own model and prompt', async () => {
    const running = session.runs.generate();
    await settle();
    client.last.prompt('Be brief.');
    client.last.send(
      {
        event: 'token',
        token: {
          id: 1,
          piece: 'a',
          text: 'a',
          kind: 'text',
          logprob: null,
          alternatives: []
        }
      },
      {
        event: 'error',
        status: 500,
        error: 'service_died',
        message: 'It died.',
        hint: ''
      }
    );
    await running;
    expect(session.runs.failure?.message).toBe('It died.');
    session.model = 'other';
    expect(session.runs.shown?.phase).toBe('failed');
    expect(session.runs.failure).toBeNull();
  });
});
