/** Cuts texts by the user's regular expression, which may be wrong or never end. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { compile, MAX_PATTERN } from '../salience/pattern';
import { Model } from './model';

/** What the splitter needs from a worker. */
export interface IMatcher {
  postMessage(message: { text: string; pattern: string }): void;
  terminate(): void;
  /** Emits null when it starts, and then where segments begin. */
  onmessage: ((event: MessageEvent<number[] | null>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** Where segments of a text begin; null until that is known. */
export type Cut = (text: string) => readonly number[] | null;

/** Milliseconds that an expression may take, once its worker has started. */
export const PATIENCE = 1000;

/** How many texts it remembers: prompt and answer, and those before. */
const KEPT = 8;

/**
 * Where the user's expression cuts texts.
 *
 * A worker matches it, one text at a time, and is stopped when it takes too long;
 * the page never waits.
 */
export class Splitter extends Model {
  constructor(makeWorker: () => IMatcher, trans: TranslationBundle) {
    super();
    this._makeWorker = makeWorker;
    this._trans = trans;
  }

  /** The expression. */
  get pattern(): string {
    return this._pattern;
  }

  set pattern(pattern: string) {
    if (pattern === this._pattern) {
      return;
    }
    this._pattern = pattern;
    this._known.clear();
    this._wanted = [];
    this._stop();
    this._problem = this._check(pattern);
    this._renew();
  }

  /** Why it can't be used; or empty. */
  get problem(): string {
    return this._problem;
  }

  /**
   * Where segments of a text begin. It is another function whenever its results
   * change, so that segments cut by the old one are known to be stale.
   */
  get cut(): Cut {
    return this._cut;
  }

  protected release(): void {
    this._stop();
    this._worker?.terminate();
  }

  private _starts(text: string): readonly number[] | null {
    const known = this._known.get(text);
    if (known || this._problem !== '' || this.isDisposed) {
      return known ?? null;
    }
    if (text !== this._under && !this._wanted.includes(text)) {
      // An answer in progress is requested again and again: the last request counts.
      this._wanted = [...this._wanted, text].slice(-KEPT);
      this._next();
    }
    return null;
  }

  private _next(): void {
    const text = this._under === null ? this._wanted.shift() : undefined;
    if (text === undefined) {
      return;
    }
    this._under = text;
    const worker = (this._worker ??= this._makeWorker());
    worker.onmessage = ({ data }) => {
      if (data === null) {
        this._timer = window.setTimeout(() => {
          this._fail(
            this._trans.__(
              'The expression takes too long on this text. Write a simpler one.'
            )
          );
        }, PATIENCE);
        return;
      }
      this._known.set(text, data);
      if (this._known.size > KEPT) {
        const [oldest] = this._known.keys();
        this._known.delete(oldest);
      }
      this._end();
      this._renew();
    };
    worker.onerror = event => {
      // Without a worker nothing can match: an error is better than a hang.
      this._fail(
        this._trans.__(
          'The expression could not be matched: %1',
          event.message ?? ''
        )
      );
    };
    worker.postMessage({ text, pattern: this._pattern });
  }

  private _fail(problem: string): void {
    this._problem = problem;
    this._wanted = [];
    this._stop();
    this._renew();
  }

  /** The request is done. */
  private _end(): void {
    window.clearTimeout(this._timer);
    this._under = null;
    this._next();
  }

  /** End the worker. */
  private _stop(): void {
    window.clearTimeout(this._timer);
    if (this._under !== null) {
      this._under = null;
      this._worker?.terminate();
      this._worker = null;
    }
  }

  private _check(pattern: string): string {
    if (pattern === '') {
      return this._trans.__('Write an expression.');
    }
    if (pattern.length > MAX_PATTERN) {
      return this._trans.__(
        'The expression is longer than %1 characters.',
        MAX_PATTERN
      );
    }
    try {
      compile(pattern);
      return '';
    } catch (reason) {
      const said = reason instanceof Error ? reason.message : String(reason);
      // Browsers repeat the whole expression before they say what is wrong.
      return this._trans.__(
        'Not a regular expression: %1.',
        said.replace(/^Invalid regular expression: .*: /s, '')
      );
    }
  }

  private _renew(): void {
    this._cut = text => this._starts(text);
    this._changed.emit();
  }

  private readonly _makeWorker: () => IMatcher;
  private readonly _trans: TranslationBundle;
  private readonly _known = new Map<string, readonly number[]>();
  private _cut: Cut = text => this._starts(text);
  private _pattern = '';
  private _problem = '';
  private _wanted: string[] = [];
  private _under: string | null = null;
  private _worker: IMatcher | null = null;
  private _timer = 0;
}
