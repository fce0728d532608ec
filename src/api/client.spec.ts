import { ServerConnection } from '@jupyterlab/services';

import { ApiClient, ApiError, VERSION, isAbort } from '.';
import type { AblationRequest, JobEvent, SalienceRequest, Status } from '.';

// jsdom has no streams of its own; Node's Response brings its own along.
const Stream = new Response('-').body!.constructor as typeof ReadableStream;

type Answer = () => Response | Promise<Response>;

interface ICall {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: unknown;
  readonly keepalive: boolean;
}

/** A server that answers from a list, one answer for each request. */
class FakeServer {
  constructor(...answers: Answer[]) {
    this._answers = answers;
  }

  readonly calls: ICall[] = [];

  /** @param patience - in ms, after which it gives up. */
  client(patience = 60_000): ApiClient {
    const fetch = async (request: RequestInfo | URL) => {
      const { url, method, body, keepalive } = request as unknown as {
        url: string;
        method: string;
        body?: string;
        keepalive: boolean;
      };
      const { pathname, search } = new URL(url);
      this.calls.push({
        method,
        path: pathname,
        query: search,
        body: body === undefined ? undefined : JSON.parse(body),
        keepalive
      });
      const answer = this._answers.shift();
      if (!answer) {
        throw new TypeError('no more answers');
      }
      return answer();
    };
    return new ApiClient({
      serverSettings: ServerConnection.makeSettings({
        baseUrl: 'http://server/user/ann/',
        fetch,
        Request: PlainRequest as unknown as typeof Request
      }),
      timing: { silence: 200, firstRetry: 1, longestRetry: 4, patience }
    });
  }

  private _answers: Answer[];
}

/** Node's own refuses jsdom's abort signals. */
class PlainRequest {
  constructor(
    readonly url: string,
    init: RequestInit
  ) {
    this.method = init.method ?? 'GET';
    this.body = init.body;
    this.keepalive = init.keepalive ?? false;
  }
  readonly method: string;
  readonly body: unknown;
  readonly keepalive: boolean;
  readonly headers = new Headers();
}

const json =
  (body: unknown, status = 200): Answer =>
  () =>
    new Response(JSON.stringify(body), { status });

/** A stream of lines; `then` says how it goes on after them. */
const lines =
  (items: (object | string)[], then: 'end' | 'break' | 'silence' = 'end') =>
  () =>
    new Response(
      new Stream<Uint8Array>({
        async start(controller) {
          for (const item of items) {
            const text =
              typeof item === 'string' ? item : JSON.stringify(item) + '\n';
            controller.enqueue(new TextEncoder().encode(text));
            // An error would drop what has not been read yet.
            await new Promise(resolve => setTimeout(resolve, 2));
          }
          if (then === 'end') {
            controller.close();
          } else if (then === 'break') {
            controller.error(new TypeError('network error'));
          }
        }
      })
    );

const refused: Answer = () => {
  throw new TypeError('Failed to fetch');
};

const state = (message: string): JobEvent => ({ event: 'state', message });
const done: JobEvent = { event: 'done', seconds: 1 };
const heartbeat = { event: 'heartbeat' };

async function collect(events: AsyncIterable<JobEvent>): Promise<JobEvent[]> {
  const all: JobEvent[] = [];
  for await (const event of events) {
    all.push(event);
  }
  return all;
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const reason = await promise.then(
    () => null,
    (error: unknown) => error
  );
  expect(reason).toBeInstanceOf(ApiError);
  return reason as ApiError;
}

const STATUS: Status = {
  version: VERSION,
  service: {
    state: 'ready',
    detail: '',
    hint: '',
    error: '',
    since: 0,
    pid: null,
    restarts: 0,
    version: VERSION,
    arithmetic: null,
    shared: false
  },
  default_model: 'demo',
  limits: { max_prompt_chars: 1, max_new_tokens: 1 },
  history: { enabled: true, message: '', hint: '' },
  allowed: ['read', 'write', 'execute'],
  setup: null
};

describe('ApiClient', () => {
  it('asks below the base URL and sends JSON', async () => {
    const info = { id: 'a', kind: 'generate', state: 'running', created: 0 };
    const server = new FakeServer(json(info, 202));
    const job = await server.client().startJob({
      kind: 'generate',
      model: 'demo',
      prompt: 'Hi'
    });
    expect(job).toEqual(info);
    expect(server.calls).toMatchObject([
      {
        method: 'POST',
        path: '/user/ann/lit-lab/api/jobs',
        body: { kind: 'generate', model: 'demo', prompt: 'Hi' }
      }
    ]);
  });

  it('escapes what it puts in paths', async () => {
    const server = new FakeServer(json({ rows: [], total: 0 }));
    await server.client().datasetRows('a/b ?', {});
    expect(server.calls[0].path).toBe(
      '/user/ann/lit-lab/api/datasets/a%2Fb%20%3F/search'
    );
  });

  it('estimates a job without starting a stopped service', async () => {
    const request: AblationRequest = {
      kind: 'ablation',
      model: 'demo',
      ids: [2, 5, 6],
      target: { start: 2, end: 3 },
      segments: [{ start: 1, end: 2 }],
      method: 'lime'
    };
    const stopped = { error: 'service_stopped', message: 'm', hint: '' };
    const server = new FakeServer(
      json(stopped, 503),
      json({ passes: 42, seconds: null })
    );
    const client = server.client();
    expect(await client.estimate(request)).toBeNull();
    expect(await client.estimate(request)).toEqual({
      passes: 42,
      seconds: null
    });
    const call = {
      method: 'POST',
      path: '/user/ann/lit-lab/api/estimate',
      body: { request }
    };
    expect(server.calls).toMatchObject([call, call]);
  });

  it('tells why there is no estimate', async () => {
    const body = { error: 'unknown_model', message: 'No such.', hint: 'h' };
    const server = new FakeServer(json(body, 422));
    const request: SalienceRequest = {
      kind: 'salience',
      model: 'none',
      ids: [2, 5],
      targets: [{ start: 1, end: 2 }]
    };
    const error = await failure(server.client().estimate(request));
    expect(error).toMatchObject(body);
  });

  it('deletes a run at once, by a request that outlives the page', async () => {
    const server = new FakeServer(json({ deleted: 1 }), json([]));
    const client = server.client();
    const deletion = client.deleteRun('a/b');
    // The page may be gone before anything that is waited for comes.
    expect(server.calls).toMatchObject([
      {
        method: 'DELETE',
        path: '/user/ann/lit-lab/api/runs/a%2Fb',
        keepalive: true
      }
    ]);
    await deletion;
    await client.models();
    expect(server.calls[1].keepalive).toBe(false);
  });

  it('keeps characters of names that look like object properties', async () => {
    const server = new FakeServer(json({ characters: { BULLET: '•' } }));
    const found = await server.client().unicodeNames(['BULLET', 'constructor']);
    expect(found.get('BULLET')).toBe('•');
    expect(found.has('constructor')).toBe(false);
  });
});

describe('ApiClient errors', () => {
  it("passes the server's words on", async () => {
    const body = { error: 'too_long', message: 'Too long.', hint: 'Cut it.' };
    const server = new FakeServer(json(body, 422));
    const error = await failure(server.client().models());
    expect(error).toMatchObject({ ...body, status: 422 });
    expect(error.isTransient).toBe(false);
  });

  it.each([
    ['a page of Jupyter', new Response('<html>', { status: 404 })],
    ["Jupyter's JSON", new Response('{"message": "x"}', { status: 404 })]
  ])('says that the server extension is missing: %s', async (_, response) => {
    const error = await failure(
      new FakeServer(() => response).client().status()
    );
    expect(error.error).toBe('server_extension_missing');
    expect(error.hint).toContain('jupyter server extension enable lit_lab');
  });

  it.each([
    [403, 'forbidden'],
    [502, 'server_unreachable'],
    [500, 'unexpected_answer']
  ])('has words for %d without a body of ours', async (status, code) => {
    const server = new FakeServer(() => new Response('', { status }));
    const error = await failure(server.client().log());
    expect(error.error).toBe(code);
    expect(error.message).not.toBe('');
    expect(error.hint).not.toBe('');
  });

  it('says when nobody answers', async () => {
    const error = await failure(new FakeServer(refused).client().status());
    expect(error.error).toBe('network');
    expect(error.isTransient).toBe(true);
  });

  it('does not take a sign-in page for an answer', async () => {
    const server = new FakeServer(() => new Response('<html>sign in'));
    const error = await failure(server.client().models());
    expect(error.error).toBe('unexpected_answer');
  });

  it('says when page and server are of different versions', async () => {
    const server = new FakeServer(json({ ...STATUS, version: '99.0.0' }));
    const error = await failure(server.client().status());
    expect(error.error).toBe('version_mismatch');
    expect(error.message).toContain('99.0.0');
    expect(error.message).toContain(VERSION);
  });

  it('takes an abort for an abort', async () => {
    const controller = new AbortController();
    controller.abort();
    const reason = await new FakeServer(refused)
      .client()
      .status(controller.signal)
      .catch((error: unknown) => error);
    expect(isAbort(reason)).toBe(true);
  });
});

describe('ApiClient.events', () => {
  it('reads lines however they are cut, without heartbeats', async () => {
    const text = JSON.stringify(state('ä€😀')) + '\n';
    const server = new FakeServer(
      lines([text.slice(0, 20), text.slice(20), heartbeat, done])
    );
    const events = await collect(server.client().events('job'));
    expect(events).toEqual([state('ä€😀'), done]);
    expect(server.calls[0].query).toMatch(/^\?from=0&/);
  });

  it.each(['end', 'break', 'silence'] as const)(
    'goes on where it was after: %s',
    async how => {
      const server = new FakeServer(
        lines([state('0'), heartbeat, state('1')], how),
        refused,
        () => new Response('', { status: 502 }),
        lines([state('2'), done])
      );
      const events = await collect(server.client().events('job'));
      const lost = state('Connection lost; trying again…');
      expect(events).toEqual([state('0'), state('1'), lost, state('2'), done]);
      const froms = server.calls.map(call => call.query.split('&')[0]);
      expect(froms).toEqual(['?from=0', '?from=2', '?from=2', '?from=2']);
    }
  );

  it('leaves out a line that was cut off, and gets it again', async () => {
    const server = new FakeServer(
      lines(['{"event":"state","mess'], 'end'),
      lines([state('whole'), done])
    );
    const events = await collect(server.client().events('job', 3));
    expect(events).toEqual([state('whole'), done]);
    expect(server.calls[1].query).toMatch(/^\?from=3&/);
  });

  it('gives up at once when the job is gone', async () => {
    const body = { error: 'unknown_job', message: 'Gone.', hint: '' };
    const server = new FakeServer(lines([], 'end'), json(body, 404));
    const error = await failure(collect(server.client().events('job')));
    expect(error.error).toBe('unknown_job');
  });

  it('gives up after a while without an answer', async () => {
    const error = await failure(
      collect(new FakeServer().client(50).events('job'))
    );
    expect(error.error).toBe('network');
  });

  it('stops when it is aborted', async () => {
    const controller = new AbortController();
    const client = new FakeServer(lines([state('0')], 'end')).client();
    const reading = async () => {
      for await (const event of client.events('job', 0, controller.signal)) {
        expect(event).toEqual(state('0'));
        controller.abort();
      }
    };
    const reason = await reading().catch((error: unknown) => error);
    expect(isAbort(reason)).toBe(true);
  });
});
