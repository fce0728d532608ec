/** Cuts texts by the user's regular expression, which may be wrong or never end. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { compile, MAX_PATTERN } from '../salience/pattern';
import { Model } from './model';

/** What the splitter needs from a worker. */
export interface IMatcher {
  postMessage(message: IMatching): void;
  terminate(): void;
  /** Emits null when it has started, and when it begins with a text; then where segments of each begin. */
  onmessage: ((event: MessageEvent<number[][] | null>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

/** What a worker is sent: texts to match with an expression. */
export interface IMatching {
  readonly texts: readonly string[];
  readonly pattern: string;
}

/** Where segments of a text begin; null until that is known. */
export type Cut = (text: string) => readonly number[] | null;

/** Milliseconds that an expression may take on a text, once its worker has started. */
export const PATIENCE = 1000;

/**
 * Where the user's expression cuts texts.
 *
 * A worker matches all texts that are shown at once, and is stopped when it takes too long;
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
    this._known = new Map();
    this._used = new Map();
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

  /**
   * Have the worker match, together, what `cut` has been asked for, as soon as it is idle.
   *
   * @returns whether `cut` is about to be another function, which knows more.
   */
  match(): boolean {
    if (this._wanted.size > 0) {
      // Only the newest: while a worker starts, an answer in progress becomes many texts.
      this._next = [...this._wanted];
      this._wanted.clear();
    }
    const isWanted = this._next.length > 0;
    if (isWanted && !this._worker) {
      this._start();
    } else if (isWanted && this._isReady && !this._asked) {
      this._asked = this._next;
      this._worker?.postMessage({ texts: this._asked, pattern: this._pattern });
    }
    return isWanted;
  }

  protected release(): void {
    this._stop(true);
  }

  private _starts(text: string): readonly number[] | null {
    const known = this._known.get(text);
    if (known) {
      this._used.set(text, known);
    } else if (this._problem === '' && !this.isDisposed) {
      this._wanted.add(text);
    }
    return known ?? null;
  }

  private _start(): void {
    const worker = (this._worker = this._makeWorker());
    this._isReady = false;
    worker.onmessage = ({ data }) => {
      if (worker !== this._worker) {
        return;
      }
      window.clearTimeout(this._timer);
      if (data) {
        this._take(data);
      } else if (this._asked) {
        this._timer = window.setTimeout(() => {
          this._fail(
            this._trans.__(
              'The expression takes too long on this text. Write a simpler one.'
            )
          );
        }, PATIENCE);
      } else {
        this._isReady = true;
        this.match();
      }
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
  }

  /** Take what a worker found. Texts that nobody shows any more are forgotten. */
  private _take(found: number[][]): void {
    this._known = this._used;
    this._used = new Map();
    this._asked?.forEach((text, i) => this._known.set(text, found[i]));
    this._asked = null;
    // An answer in progress is another text by now, which is wanted anew.
    this._forget();
    this._renew();
  }

  private _fail(problem: string): void {
    this._problem = problem;
    this._stop(true);
    this._renew();
  }

  /**
   * Want nothing any more.
   *
   * @param ends - whether the worker ends. Another one takes a while to start, so one that isn't matching stays.
   */
  private _stop(ends = this._asked !== null): void {
    window.clearTimeout(this._timer);
    this._forget();
    if (ends) {
      this._asked = null;
      this._worker?.terminate();
      this._worker = null;
    }
  }

  private _forget(): void {
    this._wanted.clear();
    this._next = [];
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
      // Browsers repeat the whole expression before they say what is wrong.
      return this._trans.__(
        'Not a regular expression: %1.',
        (reason as SyntaxError).message.replace(/^Invalid.*: /s, '')
      );
    }
  }

  private _renew(): void {
    this._cut = text => this._starts(text);
    this._changed.emit();
  }

  private readonly _makeWorker: () => IMatcher;
  private readonly _trans: TranslationBundle;
  private _known = new Map<string, readonly number[]>();
  /** What of it has been asked for since `cut` is this function. */
  private _used = new Map<string, readonly number[]>();
  private _cut: Cut = text => this._starts(text);
  private _pattern = '';
  private _problem = '';
  private readonly _wanted = new Set<string>();
  /** What is matched next: what `cut` was asked for before the last `match`. */
  private _next: readonly string[] = [];
  /** The texts that the worker matches; null: none. */
  private _asked: readonly string[] | null = null;
  private _worker: IMatcher | null = null;
  private _isReady = false;
  private _timer = 0;
}
