import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { JobEvent, LitCall, ServiceState } from '../api';
import { LitAppModel } from './model';
import type { LitClient } from './model';

const trans = nullTranslator.load('lit_lab');
const CALL: LitCall = { endpoint: 'get_info', query: {}, inputs: [] };

function error(code: string, message = 'It failed.'): ApiError {
  return new ApiError({ error: code, message, hint: 'Do this.' }, 502);
}

/** A server extension whose job says what a test wants. */
class Client {
  state: ServiceState = 'ready';
  events_: JobEvent[] = [
    { event: 'state', message: 'Loading demo…' },
    { event: 'done', seconds: 1 }
  ];
  answer: () => Promise<string> = () => Promise.resolve('{}');
  readonly started: unknown[] = [];
  readonly cancelled: string[] = [];
  restarts = 0;
  /** Keeps the job from going on. */
  hold: Promise<void> = Promise.resolve();

  status = () => Promise.resolve({ service: { state: this.state } });
  restartService = () => {
    this.restarts += 1;
    return Promise.resolve({});
  };
  startJob = (request: unknown) => {
    this.started.push(request);
    return Promise.resolve({ id: 'job' });
  };
  cancelJob = (id: string) => {
    this.cancelled.push(id);
    return Promise.resolve({});
  };
  litFile = () => Promise.resolve(new TextEncoder().encode('program').buffer);
  callLit = () => this.answer();

  async *events(
    _: string,
    __: number,
    signal: AbortSignal
  ): AsyncGenerator<JobEvent> {
    for (const event of this.events_) {
      yield event;
      await Promise.race([
        this.hold,
        new Promise((_, reject) => {
          signal.addEventListener('abort', () =>
            reject(new DOMException('', 'AbortError'))
          );
        })
      ]);
    }
  }
}

function make(client: Client): { model: LitAppModel; messages: string[] } {
  const model = new LitAppModel({
    client: client as unknown as LitClient,
    trans,
    model: 'demo',
    query: '?dataset=prompts',
    maxNewTokens: () => Promise.resolve(64),
    chat: () => 'off'
  });
  const messages: string[] = [];
  model.changed.connect(() => messages.push(model.message));
  return { model, messages };
}

describe('LitAppModel', () => {
  it('has LIT made ready, telling what it waits for', async () => {
    const client = new Client();
    const { model, messages } = make(client);
    expect(model.phase).toBe('asleep');
    await model.open();
    expect(client.started).toEqual([
      { kind: 'lit_app', model: 'demo', max_new_tokens: 64, chat: 'off' }
    ]);
    expect(messages).toContain('Loading demo…');
    expect(model.phase).toBe('ready');
    expect(model.program).toBe('program');
  });

  it('can be stopped, and started again', async () => {
    const client = new Client();
    client.hold = new Promise(() => undefined);
    const { model } = make(client);
    const opening = model.open();
    await new Promise(resolve => setTimeout(resolve));
    expect(model.phase).toBe('starting');
    model.stop();
    await opening;
    expect(model.phase).toBe('asleep');
    expect(client.cancelled).toEqual(['job']);
    client.hold = Promise.resolve();
    await model.open();
    expect(model.phase).toBe('ready');
  });

  it('is stopped even where it fails before it knows so', async () => {
    const client = new Client();
    const { model } = make(client);
    client.startJob = () => {
      model.stop();
      return Promise.reject(error('service_died'));
    };
    await model.open();
    expect(model.phase).toBe('asleep');
    expect(model.problem).toBeNull();
    expect(client.cancelled).toEqual([]);
  });

  it('is stopped even where the job ends first', async () => {
    const client = new Client();
    const { model } = make(client);
    client.events = async function* () {
      model.stop();
      yield {
        event: 'error',
        status: 500,
        error: 'service_died',
        message: '',
        hint: ''
      };
    };
    await model.open();
    expect(model.phase).toBe('asleep');
    expect(model.problem).toBeNull();
  });

  it('tells why it failed, and what to do', async () => {
    const client = new Client();
    client.events_ = [
      {
        event: 'error',
        status: 500,
        error: 'missing_libraries',
        message: 'No lit-nlp.',
        hint: 'Install it.'
      }
    ];
    const { model } = make(client);
    await model.open();
    expect(model.phase).toBe('failed');
    expect(model.problem).toMatchObject({
      message: 'No lit-nlp.',
      hint: 'Install it.'
    });
  });

  it.each([
    ['stopped', 'asleep', 0],
    ['ready', 'ready', 1]
  ] as const)(
    'when shown again over a service that is %s it is %s',
    async (state, phase, jobs) => {
      const client = new Client();
      client.state = state;
      const { model } = make(client);
      await model.resume();
      expect(model.phase).toBe(phase);
      expect(client.started).toHaveLength(jobs);
    }
  );

  const signal = new AbortController().signal;

  it('answers its page', async () => {
    const client = new Client();
    const { model } = make(client);
    await model.open();
    expect(model.isShown).toBe(false);
    expect(await model.call(CALL, signal)).toEqual({ status: 200, text: '{}' });
    expect(model.isShown).toBe(true);
  });

  it('leaves a failure of LIT’s to LIT, in the form it reads', async () => {
    const client = new Client();
    client.answer = () => Promise.reject(error('lit_failed'));
    const { model } = make(client);
    await model.open();
    expect(await model.call(CALL, signal)).toEqual({
      status: 500,
      text: 'It failed.\n\nDetails: Do this.'
    });
    expect(model.problem).toBeNull();
  });

  it.each(['service_stopped', 'service_died', 'lit_not_open', 'network'])(
    'tells itself that %s, and can be opened again',
    async code => {
      const client = new Client();
      client.answer = () => Promise.reject(error(code));
      const { model } = make(client);
      await model.open();
      expect((await model.call(CALL, signal)).status).toBe(500);
      expect(model.phase).toBe('failed');
      expect(model.problem?.remedies).toContain('retry');
      await model.open();
      expect(model.phase).toBe('ready');
      expect(model.problem).toBeNull();
    }
  );

  it('restarts the service and opens LIT again', async () => {
    const client = new Client();
    const { model } = make(client);
    await model.restart();
    expect(client.restarts).toBe(1);
    expect(model.phase).toBe('ready');
  });

  it('says that LIT’s page has left, and opens it again', async () => {
    const { model } = make(new Client());
    await model.open();
    await model.call(CALL, signal);
    model.leave();
    // What is in the frame now isn't LIT.
    expect(model.isShown).toBe(false);
    expect(model.phase).toBe('failed');
    expect(model.problem?.remedies).toEqual(['retry']);
    await model.open();
    expect(model.phase).toBe('ready');
  });

  it('remembers what LIT shows', () => {
    const { model } = make(new Client());
    model.remember('?dataset=sample_prompts');
    expect(model.query).toBe('?dataset=sample_prompts');
  });

  it('has images of the kinds there are, and goes without', async () => {
    const client = new Client();
    const { model } = make(client);
    expect(await model.image('potato.svg', signal)).toMatchObject({
      type: 'image/svg+xml'
    });
    expect(await model.image('main.js', signal)).toBeNull();
    client.litFile = () => Promise.reject(error('no_such_file'));
    expect(await model.image('x.gif', signal)).toBeNull();
  });
});
