/** How many tokens a prompt would be, counted while it is typed. */

import { isAbort } from '../api';
import type { ApiClient, ChatMode, ModelInfo, TokenCount, Turn } from '../api';
import { isSameTurns } from './conversation';
import { Model } from './model';
import type { PromptModel } from './prompt';
import type { Runs } from './runs';
import type { ServiceModel } from './service';
import type { ISettings } from './settings';

/** What counting asks of the client. */
export type CountClient = Pick<ApiClient, 'countTokens'>;

/** Milliseconds without another key after which is counted. */
export const COUNT_DELAY = 250;

/** A prompt, and what its tokens depend on. */
export interface ICountable {
  readonly prompt: string;
  /** The conversation that it is; null: a text. */
  readonly turns: readonly Turn[] | null;
  readonly model: string;
  readonly chat: ChatMode;
  /** Whether the model is to think first, where it can. */
  readonly thinking: boolean;
  /** Of the model: one that is loaded otherwise is another one. */
  readonly window: number | null;
}

/** What decides whether a session's prompt can be counted. */
export interface ICountedSession {
  readonly prompt: Pick<PromptModel, 'value' | 'turns'>;
  readonly runs: Pick<Runs, 'promptProblem'>;
  readonly service: Pick<ServiceModel, 'service' | 'isReadOnly'>;
  readonly modelInfo: ModelInfo | null;
  readonly settings: Pick<ISettings, 'chat' | 'thinking'>;
}

/**
 * Counts the tokens of the prompt at hand, a moment after it was last changed.
 *
 * What is asked for and no longer wanted is cancelled. A prompt that can't be
 * counted has no count, and no failure either: Run tells what is wrong with it.
 */
export class TokenCounter extends Model {
  constructor(client: CountClient) {
    super();
    this._client = client;
  }

  /**
   * The count of the prompt at hand; while that is being typed, of what it was a
   * moment ago. Null where nothing is known.
   */
  get count(): TokenCount | null {
    return this._count;
  }

  protected release(): void {
    this._cancel();
  }

  /** Say what the prompt at hand is; null: there is none that could be counted. */
  watch(next: ICountable | null): void {
    const before = this._at;
    if (this.isDisposed || isSame(before, next)) {
      return;
    }
    this._at = next;
    this._cancel();
    if (!isSame(before, withPromptOf(next, before))) {
      this._tell(null); // Another model's count would be another one.
    }
    if (next) {
      this._timer = setTimeout(() => void this._ask(next), COUNT_DELAY);
    }
  }

  private async _ask(asked: ICountable): Promise<void> {
    const { model, prompt, turns, chat, thinking } = asked;
    const what = turns ? { turns: [...turns] } : { prompt };
    const { signal } = (this._abort = new AbortController());
    let count: TokenCount | null = null;
    try {
      count = await this._client.countTokens(
        { model, ...what, chat, thinking },
        signal
      );
    } catch (reason) {
      if (isAbort(reason)) {
        return;
      }
    }
    if (!signal.aborted) {
      this._tell(count);
    }
  }

  private _cancel(): void {
    clearTimeout(this._timer);
    this._abort.abort();
  }

  private _tell(count: TokenCount | null): void {
    if (count !== this._count) {
      this._count = count;
      this._changed.emit();
    }
  }

  private readonly _client: CountClient;
  private _at: ICountable | null = null;
  private _count: TokenCount | null = null;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _abort = new AbortController();
}

function isSame(one: ICountable | null, other: ICountable | null): boolean {
  return (
    one?.model === other?.model &&
    one?.chat === other?.chat &&
    one?.thinking === other?.thinking &&
    one?.window === other?.window &&
    one?.prompt === other?.prompt &&
    isSameTurns(one?.turns, other?.turns)
  );
}

/** What is counted, but for the prompt; null where one of both is. */
function withPromptOf(
  next: ICountable | null,
  before: ICountable | null
): ICountable | null {
  return (
    next && before && { ...next, prompt: before.prompt, turns: before.turns }
  );
}

/**
 * The session's prompt, if its tokens can be counted now; else null.
 *
 * The model must be loaded already: counting is no reason to load one.
 */
export function countableOf(session: ICountedSession): ICountable | null {
  const { service, modelInfo, settings, prompt } = session;
  const isReady =
    service.service?.state === 'ready' &&
    modelInfo?.state === 'ready' &&
    !service.isReadOnly;
  const isWritten = prompt.turns
    ? prompt.turns.every(({ text }) => text.trim() !== '')
    : prompt.value !== '';
  if (!isReady || !isWritten || session.runs.promptProblem !== null) {
    return null;
  }
  return {
    prompt: prompt.value,
    turns: prompt.turns,
    model: modelInfo.name,
    chat: settings.chat,
    thinking: settings.thinking,
    window: modelInfo.window
  };
}

/** Whether a prompt goes into the model's window, and an answer behind it. */
export type Room = 'enough' | 'tight' | 'none';

/**
 * Tell whether a prompt fits.
 *
 * @param longest - tokens of the longest answer that is asked for.
 */
export function roomFor({ tokens, window }: TokenCount, longest: number): Room {
  // An answer has one token at least.
  return tokens >= window
    ? 'none'
    : tokens + longest > window
      ? 'tight'
      : 'enough';
}
