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

/** The part of the client that a contrast uses. */
export type ContrastClient = Pick<ApiClient, 'tokens'>;

/** A foil: tokens in the target's place. */
export interface IFoil {
  readonly ids: readonly number[];
  readonly text: string;
}

/** The part of the explanation that a contrast uses. */
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

/** A token that the model considered instead of a token of the answer. */
export interface IChoice {
  /** Index of the answer's token in the sequence. */
  readonly token: number;
  /** The answer's token. */
  readonly said: AnswerToken;
  readonly alternative: Alternative;
}

/** Sets the foil: a text that the user types, or a token that the model considered. */
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

  /** When the request for the foil's tokens started, in milliseconds since the epoch; null if there is none. */
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

  /** Make a token that the model considered the foil for the answer's token. */
  choose({ token, alternative }: IChoice): void {
    const { id, text, piece } = alternative;
    this._contrast([token, token + 1], { ids: [id], text: text || piece });
  }

  /** The text that the user has typed as the foil. */
  written = '';

  /**
   * Make a text the foil. It gets the target's leading blanks. The common beginning
   * of both is removed from the target. Never rejects.
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

  /** Discard the problem and the earlier target, which belong to the previous target. */
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

/** How two texts fail to differ as target and foil. */
export type Unparted = 'same' | 'beginning' | 'continuation';

/**
 * Find where a target and a foil begin to differ. Their common beginning supports
 * neither of them.
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
 * The tokens that the model considered most likely at any token of a target.
 *
 * @param count - the maximum number of tokens.
 * @returns the tokens, most likely first.
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
