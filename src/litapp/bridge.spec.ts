import { LitBridge } from './bridge';
import type { IBridgeAnswer, IBridgeEnd } from './bridge';

const QUERY = '?layout=left_right';

/** A port as browsers have it, which jsdom has not: its message arrives later, at the other one. */
class Port {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  other: Port | null = null;

  postMessage(data: unknown): void {
    setTimeout(() => this.other?.onmessage?.({ data }));
  }

  close(): void {
    this.onmessage = null;
  }
}

class Channel {
  readonly port1 = new Port();
  readonly port2 = new Port();

  constructor() {
    this.port1.other = this.port2;
    this.port2.other = this.port1;
  }
}

/** What stands for LIT's page: its window, and what it was sent. */
class Page {
  readonly window = {
    postMessage: (data: unknown, _: string, ports: MessagePort[]) => {
      this.sent.push(data);
      [this.port] = ports;
      this.port.onmessage = event => this.answers.push(event.data);
    }
  };
  readonly sent: unknown[] = [];
  readonly answers: unknown[] = [];
  port: MessagePort | null = null;

  get inner(): Window {
    return this.window as unknown as Window;
  }

  /** Say something to the page around, as a page of this origin. */
  say(data: unknown, origin = 'null', source: unknown = this.window): void {
    const event = new Event('message');
    Object.assign(event, { data, origin, source });
    window.dispatchEvent(event);
  }
}

class End implements IBridgeEnd {
  query = QUERY;
  program: string | null = 'program';
  readonly calls: unknown[] = [];
  readonly remembered: string[] = [];
  readonly followed: string[] = [];
  signal: AbortSignal | null = null;

  call(call: unknown, signal: AbortSignal): Promise<IBridgeAnswer> {
    this.calls.push(call);
    this.signal = signal;
    return Promise.resolve({ status: 200, text: '{}' });
  }

  image(): ReturnType<IBridgeEnd['image']> {
    return Promise.resolve({
      content: new ArrayBuffer(2),
      type: 'image/png'
    });
  }

  remember(query: string): void {
    this.remembered.push(query);
  }

  follow(link: string): void {
    this.followed.push(link);
  }
}

/** Let messages arrive. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await new Promise(resolve => setTimeout(resolve, 2));
  }
}

describe('LitBridge', () => {
  let page: Page;
  let end: End;
  let bridge: LitBridge;

  beforeAll(() => {
    Object.assign(globalThis, { MessageChannel: Channel });
  });

  beforeEach(() => {
    page = new Page();
    end = new End();
    bridge = new LitBridge(page, end);
  });

  afterEach(() => {
    page.port?.close();
    bridge.dispose();
  });

  it('gives the page that was asked for its program', () => {
    bridge.expect();
    expect(bridge.isOpen).toBe(false);
    page.say('lit-lab:ready');
    expect(page.sent).toEqual([{ query: QUERY, program: 'program' }]);
    expect(bridge.isOpen).toBe(true);
  });

  it('gives nothing to a page that comes by itself, such as one that LIT’s was led to', () => {
    page.say('lit-lab:ready');
    expect(page.sent).toEqual([]);
    bridge.expect();
    page.say('lit-lab:ready');
    page.say('lit-lab:ready');
    expect(page.sent).toHaveLength(1);
  });

  it.each([
    ['another window', 'lit-lab:ready', 'null', {}],
    ['a page with an origin', 'lit-lab:ready', 'http://localhost', undefined],
    ['another message', 'hello', 'null', undefined]
  ])('gives nothing to %s', (_, data, origin, source) => {
    bridge.expect();
    page.say(data, origin, source ?? page.window);
    expect(page.sent).toEqual([]);
  });

  it('gives nothing where there is no frame to hold LIT’s page', () => {
    bridge.dispose();
    bridge = new LitBridge({ inner: null }, end);
    bridge.expect();
    page.say('lit-lab:ready', 'null', null);
    expect(page.sent).toEqual([]);
  });

  it('takes no more from a page that has left', async () => {
    bridge.expect();
    page.say('lit-lab:ready');
    bridge.close();
    page.port!.postMessage({ id: 1, call: { endpoint: 'get_info' } });
    await settle();
    expect(end.calls).toEqual([]);
    page.say('lit-lab:ready');
    expect(page.sent).toHaveLength(1);
  });

  it('gives nothing before there is a program', () => {
    end.program = null;
    bridge.expect();
    page.say('lit-lab:ready');
    expect(page.sent).toEqual([]);
  });

  it('passes requests on, with what they may hold, and answers them', async () => {
    bridge.expect();
    page.say('lit-lab:ready');
    page.port!.postMessage({
      id: 7,
      call: { endpoint: 'get_info', query: {}, inputs: [], more: 'x' }
    });
    page.port!.postMessage({ id: 8, file: 'potato.svg' });
    page.port!.postMessage({ query: '?dataset=prompts' });
    page.port!.postMessage({ link: 'https://pair-code.github.io/lit' });
    page.port!.postMessage({ link: ['https://pair-code.github.io/lit'] });
    page.port!.postMessage('nonsense');
    page.port!.postMessage(null);
    await settle();
    expect(end.calls).toEqual([
      { endpoint: 'get_info', query: {}, inputs: [], config: undefined }
    ]);
    expect(page.answers).toContainEqual({ id: 7, status: 200, text: '{}' });
    expect(page.answers).toContainEqual(
      expect.objectContaining({ id: 8, type: 'image/png' })
    );
    expect(end.remembered).toEqual(['?dataset=prompts']);
    expect(end.followed).toEqual(['https://pair-code.github.io/lit']);
  });

  it('ends what a page asked for when that page goes', async () => {
    bridge.expect();
    page.say('lit-lab:ready');
    page.port!.postMessage({ id: 1, call: { endpoint: 'get_preds' } });
    await settle();
    expect(end.signal!.aborted).toBe(false);
    bridge.expect();
    expect(end.signal!.aborted).toBe(true);
    expect(bridge.isOpen).toBe(false);
  });

  it('is silent once it is disposed of', () => {
    bridge.expect();
    bridge.dispose();
    page.say('lit-lab:ready');
    expect(page.sent).toEqual([]);
  });
});
