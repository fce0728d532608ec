/** Why this rather than that: a target set against what might stand in its place. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';

import { isAbort } from '../api';
import type { Alternative, ApiClient, AnswerToken, Token } from '../api';
import type { TokenSpan } from '../salience';
import { textOf } from './map';
import type { IText } from './map';
import { problemOf } from './problem';
import type { IProblem } from './problem';
import { Model } from './model';

/** What a contrast asks of the client. */
export type ContrastClient = Pick<ApiClient, 'tokens'>;

/** Tokens in the target's place. */
export interface IFoil {
  readonly ids: readonly number[];
  readonly text: string;
}

/** What a contrast needs of the explanation. */
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

/** What the model might have said at a token. */
export interface IChoice {
  /** Index of the token. */
  readonly token: number;
  /** What was said. */
  readonly said: AnswerToken;
  readonly alternative: Alternative;
}

/** Sets the target against another text, typed or one of the model's own. */
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

  /** When the text's tokens were asked for, in milliseconds since the epoch; null: they aren't. */
  get since(): number | null {
    return this._since;
  }

  /** Why the text can't stand in the target's place, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  protected release(): void {
    this._abort.abort();
    this._explanation.changed.disconnect(this._onExplanation, this);
  }

  /** The text that the target was part of before, in tokens; null: itself. */
  get before(): TokenSpan | null {
    return this._before;
  }

  /** Set one token against another that the model considered. */
  choose({ token, alternative }: IChoice): void {
    const { id, text, piece } = alternative;
    this._contrast([token, token + 1], { ids: [id], text: text || piece });
  }

  /**
   * Set the target against a text. It gets the target's own blanks before it,
   * and what both begin with is no longer part of the target. Never rejects.
   */
  async type(written: string): Promise<void> {
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

  /** Explain by itself again what was the target before. */
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

  /** Another target: what was said of the last one no longer holds. */
  private _onExplanation(): void {
    if (this._explanation.target !== this._target) {
      this._target = this._explanation.target;
      this._before = null;
      this._abort.abort();
      this._settle(null);
    }
  }

  private readonly _client: ContrastClient;
  private readonly _explanation: IContrastTarget;
  private readonly _trans: TranslationBundle;
  private _abort = new AbortController();
  private _target: TokenSpan | null = null;
  /** The target before it was cut to where it differs from the other. */
  private _before: TokenSpan | null = null;
  private _since: number | null = null;
  private _problem: IProblem | null = null;
}

/** Why two texts don't part. */
export type Unparted = 'same' | 'beginning' | 'continuation';

/**
 * Where a target and other tokens in its place part: what both begin with
 * speaks for neither.
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
 * What the model was likeliest to say instead, at any token of a target.
 *
 * @param count - how many at most.
 * @returns the likeliest first.
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
