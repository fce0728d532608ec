/** Contrastive targets: why the target rather than a foil. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';

import { isAbort } from '../api';
import type { Alternative, ApiClient, AnswerToken, Token } from '../api';
import type { TokenSpan } from '../salience';
import { textOf } from './runText';
import type { IText } from './runText';
import { problemOf } from './problem';
import type { IProblem } from './problem';
import { Model } from './model';

/** What a contrast needs from the client. */
export type ContrastClient = Pick<ApiClient, 'tokens'>;

/** A foil: tokens in the target's place. */
export interface IFoil {
  readonly ids: readonly number[];
  readonly text: string;
}

/** What a contrast needs from the explanation. */
export interface IContrastTarget {
  readonly model: string | null;
  readonly text: IText | null;
  readonly target: TokenSpan | null;
  readonly foil: IFoil | null;
  readonly changed: ISignal<unknown, void>;
  setTarget(
    target: TokenSpan | null,
    anchor?: TokenSpan | null,
    foil?: IFoil | null
  ): void;
}

/** A token that the model considered in place of one of the answer. */
export interface IChoice {
  /** Index of the answer's token. */
  readonly token: number;
  /** The answer's token. */
  readonly said: AnswerToken;
  readonly alternative: Alternative;
}

/** Sets a foil against the target: a text that the user types, or a token that the model considered. */
export class ContrastModel extends Model {
  constructor(
    client: ContrastClient,
    explanation: IContrastTarget,
    trans: TranslationBundle
  ) {
    super();
    this._client = client;
    this._explanation = explanation;
    this._trans = trans;
    explanation.changed.connect(this._onExplanation, this);
  }

  /** When the request for the foil's tokens started, in milliseconds since the epoch; null if none runs. */
  get since(): number | null {
    return this._since;
  }

  /** Why the text can't be a foil, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  protected release(): void {
    this._abort.abort();
    this._explanation.changed.disconnect(this._onExplanation, this);
  }

  /** The target before the foil shortened it; null if it didn't. */
  get before(): TokenSpan | null {
    return this._before;
  }

  /** Set a token that the model considered against the one in the answer. */
  choose({ token, alternative }: IChoice): void {
    const { id, text, piece } = alternative;
    this._contrast([token, token + 1], { ids: [id], text: text || piece });
  }

  /** What the user has written against the target. */
  written = '';

  /**
   * Set a text against the target. It gets the target's leading blanks, and the
   * common beginning of both is no longer part of the target. Never rejects.
   */
  async type(written = this.written): Promise<void> {
    this.written = written;
    const { text, target, model } = this._explanation;
    if (!text || !target || model === null) {
      return;
    }
    this._abort.abort();
    const abort = (this._abort = new AbortController());
    this._since = Date.now();
    this._problem = null;
    this._changed.emit();
    const said = textOf(text.tokens, target);
    const lead = said.slice(0, said.length - said.trimStart().length);
    const answer = lead + written.trim();
    try {
      const found = await this._client.tokens(
        { model, prompt: '', answer },
        abort.signal
      );
      if (abort.signal.aborted) {
        return;
      }
      const parted = part(text.tokens, target, found.answer);
      if (typeof parted === 'string') {
        this._settle(this._refusal(parted));
      } else {
        this._contrast(parted.target, parted.foil);
      }
    } catch (reason) {
      if (!abort.signal.aborted && !isAbort(reason)) {
        this._settle(problemOf(reason, this._trans));
      }
    }
  }

  /** Remove the foil, and restore the target from before. */
  clear(): void {
    this._explanation.setTarget(this._before ?? this._explanation.target);
  }

  private _contrast(target: TokenSpan, foil: IFoil): void {
    const before = this._explanation.target;
    this._settle(null);
    this._explanation.setTarget(target, target, foil);
    this._before = before;
  }

  private _settle(problem: IProblem | null): void {
    this._since = null;
    this._problem = problem;
    this._changed.emit();
  }

  private _refusal(why: Unparted): IProblem {
    const trans = this._trans;
    const messages: Record<Unparted, [string, string]> = {
      same: [
        trans.__('This is the target’s own text.'),
        trans.__('Write another text that could stand in its place.')
      ],
      beginning: [
        trans.__('This is only the beginning of the target.'),
        trans.__('Write a text that differs from it by at least one word.')
      ],
      continuation: [
        trans.__('This only continues the target.'),
        trans.__('Write a text that differs from it by at least one word.')
      ]
    };
    const [message, hint] = messages[why];
    return { message, hint, remedies: [] };
  }

  /** The target has changed: problem and earlier target belong to the last one. */
  private _onExplanation(): void {
    if (this._explanation.target !== this._target) {
      this._target = this._explanation.target;
      this._before = null;
      this.written = '';
      this._abort.abort();
      this._settle(null);
    }
  }

  private readonly _client: ContrastClient;
  private readonly _explanation: IContrastTarget;
  private readonly _trans: TranslationBundle;
  private _abort = new AbortController();
  private _target: TokenSpan | null = null;
  /** The target before it was shortened to where it differs from the foil. */
  private _before: TokenSpan | null = null;
  private _since: number | null = null;
  private _problem: IProblem | null = null;
}

/** Why two texts don't differ as target and foil. */
export type Unparted = 'same' | 'beginning' | 'continuation';

/**
 * Where a target and a foil begin to differ: their common beginning supports
 * neither.
 */
export function part(
  tokens: readonly Token[],
  [start, end]: TokenSpan,
  other: readonly Token[]
): { target: TokenSpan; foil: IFoil } | Unparted {
  const length = end - start;
  let shared = 0;
  while (
    shared < Math.min(length, other.length) &&
    tokens[start + shared].id === other[shared].id
  ) {
    shared++;
  }
  if (shared === length) {
    return shared === other.length ? 'same' : 'continuation';
  }
  if (shared === other.length) {
    return 'beginning';
  }
  return {
    target: [start + shared, end],
    foil: {
      ids: other.slice(shared).map(token => token.id),
      text: textOf(other, [shared, other.length])
    }
  };
}

/**
 * The tokens that the model considered most likely, at any token of a target.
 *
 * @param count - the most to return.
 * @returns the most likely first.
 */
export function choicesOf(
  tokens: readonly (Token | AnswerToken)[],
  [start, end]: TokenSpan,
  count: number
): IChoice[] {
  return tokens
    .slice(start, end)
    .flatMap((said, i) =>
      'alternatives' in said
        ? said.alternatives
            .filter(({ id }) => id !== said.id)
            .map(alternative => ({ token: start + i, said, alternative }))
        : []
    )
    .sort((a, b) => b.alternative.logprob - a.alternative.logprob)
    .slice(0, count);
}
