import { nullTranslator } from '@jupyterlab/translation';

import { ApiError } from '../api';
import type { ModelsResponse, TokenCount, TokenCountRequest } from '../api';
import { COUNT_DELAY, roomFor, TokenCounter } from './count';
import type { ICountable } from './count';
import { FakeClient, FakeSource, settle } from './fakes';
import { fakeModel } from './fixtures';
import { Session } from './session';
import { DEFAULT_SETTINGS } from './settings';

const AT: ICountable = {
  prompt: 'Onion soup',
  turns: null,
  model: 'demo',
  chat: 'auto',
  thinking: false,
  window: 512
};

/** A client whose counts come when the spec says so. */
class Slow {
  readonly asked: {
    request: TokenCountRequest;
    signal?: AbortSignal;
    answer: (tokens: number) => void;
    fail: (reason: Error) => void;
  }[] = [];

  countTokens(
    request: TokenCountRequest,
    signal?: AbortSignal
  ): Promise<TokenCount> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        request,
        signal,
        answer: tokens =>
          resolve({ model: request.model, tokens, chat: 'plain', window: 512 }),
        fail: reject
      });
    });
  }
}

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

describe('session/count', () => {
  let client: Slow;
  let counter: TokenCounter;
  let counts: (number | null)[];

  beforeEach(() => {
    client = new Slow();
    counter = new TokenCounter(client);
    counts = [];
    counter.changed.connect(() => counts.push(counter.count?.tokens ?? null));
  });

  afterEach(() => counter.dispose());

  it('counts a moment after the last key, and once', async () => {
    for (const prompt of ['O', 'On', 'Oni']) {
      counter.watch({ ...AT, prompt });
      jest.advanceTimersByTime(COUNT_DELAY - 1);
    }
    expect(client.asked).toHaveLength(0);
    counter.watch({ ...AT, prompt: 'Oni' }); // drawn anew: no key
    jest.advanceTimersByTime(1);
    expect(client.asked.map(({ request }) => request)).toEqual([
      { model: 'demo', prompt: 'Oni', chat: 'auto', thinking: false }
    ]);
    client.asked[0].answer(3);
    await settle();
    expect(counts).toEqual([3]);
    counter.watch({ ...AT, prompt: 'Oni' });
    jest.advanceTimersByTime(10 * COUNT_DELAY);
    expect(client.asked).toHaveLength(1);
  });

  it('cancels what is no longer wanted, and takes no late answer', async () => {
    counter.watch(AT);
    jest.advanceTimersByTime(COUNT_DELAY);
    counter.watch({ ...AT, prompt: 'Onion' });
    expect(client.asked[0].signal?.aborted).toBe(true);
    client.asked[0].answer(99);
    await settle();
    expect(counts).toEqual([]);
    jest.advanceTimersByTime(COUNT_DELAY);
    client.asked[1].answer(2);
    await settle();
    expect(counts).toEqual([2]);
  });

  it('keeps the count while one types on, and no longer', async () => {
    counter.watch(AT);
    jest.advanceTimersByTime(COUNT_DELAY);
    client.asked[0].answer(4);
    await settle();
    counter.watch({ ...AT, prompt: 'Onion soup!' });
    expect(counter.count?.tokens).toBe(4);
    counter.watch(null);
    expect(counter.count).toBeNull();
    jest.advanceTimersByTime(COUNT_DELAY);
    expect(client.asked).toHaveLength(1);
  });

  it.each([{ model: 'other' }, { chat: 'on' as const }, { window: 1024 }])(
    'takes no count for that of %j',
    async other => {
      counter.watch(AT);
      jest.advanceTimersByTime(COUNT_DELAY);
      client.asked[0].answer(4);
      await settle();
      counter.watch({ ...AT, ...other });
      expect(counter.count).toBeNull();
      jest.advanceTimersByTime(COUNT_DELAY);
      expect(client.asked).toHaveLength(2);
    }
  );

  it('has no count where there is none to be had, and goes on', async () => {
    counter.watch(AT);
    jest.advanceTimersByTime(COUNT_DELAY);
    client.asked[0].answer(4);
    await settle();
    counter.watch({ ...AT, prompt: 'Onion' });
    jest.advanceTimersByTime(COUNT_DELAY);
    client.asked[1].fail(
      new ApiError({ error: 'model_not_loaded', message: '', hint: '' }, 409)
    );
    await settle();
    expect(counts).toEqual([4, null]);
    counter.watch({ ...AT, prompt: 'Onions' });
    jest.advanceTimersByTime(COUNT_DELAY);
    client.asked[2].answer(1);
    await settle();
    expect(counts).toEqual([4, null, 1]);
  });

  it('asks nothing once it is disposed of', () => {
    counter.watch(AT);
    counter.dispose();
    jest.advanceTimersByTime(COUNT_DELAY);
    counter.watch({ ...AT, prompt: 'Onion' });
    jest.advanceTimersByTime(COUNT_DELAY);
    expect(client.asked).toHaveLength(0);
  });

  it('tells whether an answer has room', () => {
    const count = (tokens: number): TokenCount => ({
      model: 'demo',
      tokens,
      chat: 'plain',
      window: 512
    });
    expect(roomFor(count(256), 256)).toBe('enough');
    expect(roomFor(count(257), 256)).toBe('tight');
    expect(roomFor(count(511), 1)).toBe('enough');
    expect(roomFor(count(512), 1)).toBe('none');
  });
});

describe('session/count in a session', () => {
  let client: FakeClient;
  let session: Session;
  let state: 'ready' | 'unloaded';

  beforeEach(async () => {
    client = new FakeClient();
    state = 'ready';
    client.models = async (): Promise<ModelsResponse> => ({
      models: [
        fakeModel({ name: 'demo', state, window: 512 }),
        fakeModel({ name: 'other' })
      ],
      found: [],
      known: [],
      memory: null
    });
    session = new Session(client, nullTranslator.load('lit_lab'));
    await session.service.refresh();
  });

  afterEach(() => session.dispose());

  const due = async () => {
    jest.advanceTimersByTime(COUNT_DELAY);
    await settle();
  };

  const prompts = () => client.counted.map(({ prompt }) => prompt);

  it('follows the prompt, typed or in its cell, while somebody looks', async () => {
    session.prompt.edit('Onion');
    await due();
    expect(prompts()).toEqual([]);
    session.watch(true);
    await due();
    expect(session.counter.count?.tokens).toBe(2);
    const source = new FakeSource('Onion soup');
    session.open(source);
    await due();
    source.become('Onion soup, hot');
    await due();
    session.settings = { ...DEFAULT_SETTINGS, chat: 'on' };
    await due();
    expect(prompts()).toEqual([
      'Onion',
      'Onion soup',
      'Onion soup, hot',
      'Onion soup, hot'
    ]);
    expect(session.counter.count?.chat).toBe('wrapped');
    session.watch(false);
    expect(session.counter.count).toBeNull();
  });

  it('asks of no model that isn’t loaded, and starts nothing', async () => {
    session.watch(true);
    await settle();
    session.model = 'other';
    session.prompt.edit('Onion');
    await due();
    expect(prompts()).toEqual([]);
    session.model = 'demo';
    state = 'unloaded';
    await session.service.refresh();
    await due();
    expect(prompts()).toEqual([]);
    state = 'ready';
    await session.service.refresh();
    await due();
    expect(prompts()).toEqual(['Onion']);
  });

  it('asks of no prompt that would be refused before', async () => {
    session.watch(true);
    for (const prompt of ['', '\ud83d', 'x'.repeat(1001)]) {
      session.prompt.edit(prompt);
      await due();
    }
    expect(prompts()).toEqual([]);
  });

  it('asks nothing for who may only look', async () => {
    client.allowed = ['read'];
    await session.service.refresh();
    session.watch(true);
    session.prompt.edit('Onion');
    await due();
    expect(prompts()).toEqual([]);
  });
});
