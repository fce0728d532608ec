import type { LitCall } from '../api';
import { Disposable } from '../session/model';

/** What is behind the bridge. */
export interface IBridgeEnd {
  /** What LIT's page starts with. */
  readonly query: string;
  /** LIT's program; null before it is there. */
  readonly program: string | null;
  /** Answer a request of LIT's; never rejects. */
  call(call: LitCall, signal: AbortSignal): Promise<IBridgeAnswer>;
  /** One of LIT's images; null where there is none. */
  image(
    name: string,
    signal: AbortSignal
  ): Promise<{ content: ArrayBuffer; type: string } | null>;
  /** LIT shows something else now. */
  remember(query: string): void;
  /** The user clicked a link in LIT. */
  follow(link: string): void;
}

/** Answers a request of LIT's as `fetch` would. */
export interface IBridgeAnswer {
  readonly status: number;
  readonly text: string;
}

/** LIT's address grows with its datapoint; browsers accept 2 MB. */
const MAX_QUERY = 2_000_000;

/** The window of LIT's page, which changes on each load. */
export interface IBridgeFrame {
  readonly inner: Window | null;
}

/**
 * Communicates with the page in which LIT runs.
 *
 * That page is sandboxed: it has no origin, no cookies and no network. It reports
 * that it is there, gets a port, and through the port LIT's program, images and
 * answers. {@link IBridgeEnd} and the server define what it may request.
 */
export class LitBridge extends Disposable {
  constructor(frame: IBridgeFrame, end: IBridgeEnd) {
    super();
    this._frame = frame;
    this._end = end;
    window.addEventListener('message', this._onMessage);
  }

  /** Whether the page has reported and got its port. */
  get isOpen(): boolean {
    return this._port !== null;
  }

  protected release(): void {
    window.removeEventListener('message', this._onMessage);
    this.close();
  }

  /**
   * The page is about to be (re)loaded: the next one is LIT Lab's. A page that reports
   * without this, because LIT's navigated by itself, gets nothing.
   */
  expect(): void {
    this.close();
    this._isExpected = true;
  }

  /** The page has gone: close the port. */
  close(): void {
    this._isExpected = false;
    this._requests.abort();
    this._port?.close();
    this._port = null;
  }

  private readonly _onMessage = (event: MessageEvent<unknown>): void => {
    const { inner } = this._frame;
    if (
      event.data === 'lit-lab:ready' &&
      inner !== null &&
      event.source === inner &&
      // A sandboxed page has none.
      event.origin === 'null' &&
      this._isExpected &&
      this._end.program !== null
    ) {
      this._isExpected = false;
      const { port1, port2 } = new MessageChannel();
      this._port = port1;
      this._requests = new AbortController();
      port1.onmessage = ({ data }) => void this._answer(data);
      const { query, program } = this._end;
      // A page without an origin can't be addressed by one.
      inner.postMessage({ query, program }, '*', [port2]);
    }
  };

  private async _answer(message: unknown): Promise<void> {
    const { _port: port, _requests: requests } = this;
    if (!isRecord(message) || port === null) {
      return;
    }
    const { id, call, file, link, query } = message;
    if (typeof query === 'string' && query.length <= MAX_QUERY) {
      this._end.remember(query);
    } else if (typeof link === 'string') {
      this._end.follow(link);
    } else if (isRecord(call)) {
      // The server checks what these are.
      const { endpoint, query, inputs, config } = call as unknown as LitCall;
      const request: LitCall = { endpoint, query, inputs, config };
      const answer = await this._end.call(request, requests.signal);
      port.postMessage({ id, ...answer });
    } else if (typeof file === 'string') {
      const image = await this._end.image(file, requests.signal);
      port.postMessage({ id, ...image });
    }
  }

  private readonly _frame: IBridgeFrame;
  private readonly _end: IBridgeEnd;
  private _port: MessagePort | null = null;
  private _requests = new AbortController();
  private _isExpected = false;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
