/** Counts a prompt's tokens while the user types. */

import { isAbort } from '../api';
import type { ApiClient, ChatMode, ModelInfo, TokenCount, Turn } from '../api';
import { isSameTurns } from './conversation';
import { Model } from './model';
import type { PromptModel } from './prompt';
import type { Runs } from './runs';
import type { ServiceModel } from './service';
import type { ISettings } from './settings';

/** The part of the client that counting uses. */
export type CountClient = Pick<ApiClient, 'countTokens'>;

/** Milliseconds after the last key press before counting starts. */
export const COUNT_DELAY = 250;

/** A prompt, and the settings that its tokens depend on. */
export interface ICountable {
  readonly prompt: string;
  /** The prompt's turns; null if the prompt is a text. */
  readonly turns: readonly Turn[] | null;
  readonly model: string;
  readonly chat: ChatMode;
  /** Whether the model thinks before it answers, if it can. */
  readonly thinking: boolean;
  /** The model's window. If the model is loaded with another window, the count changes. */
  readonly window: number | null;
}

/** The state that determines whether a session's prompt can be counted. */
export interface ICountedSession {
  readonly prompt: Pick<PromptModel, 'value' | 'turns'>;
  readonly runs: Pick<Runs, 'promptProblem'>;
  readonly service: Pick<ServiceModel, 'service' | 'isReadOnly'>;
  readonly modelInfo: ModelInfo | null;
  readonly settings: Pick<ISettings, 'chat' | 'thinking'>;
}

/**
 * Counts the prompt's tokens shortly after its last change.
 *
 * Cancels outdated requests. If a prompt can't be counted, there is no count and no
 * error: Run reports what is wrong with the prompt.
 */
export class TokenCounter extends Model {
  constructor(client: CountClient) {
    super();
    this._client = client;
  }

  /**
   * The number of tokens; while the user types, the previous number. Null if
   * unknown.
   */
  get count(): TokenCount | null {
    return this._count;
  }

  protected release(): void {
    this._cancel();
  }

  /** Set the prompt to count; null if none can be counted. */
  watch(next: ICountable | null): void {
    const before = this._at;
    if (this.isDisposed || isSame(before, next)) {
      return;
    }
    this._at = next;
    this._cancel();
    if (!isSame(before, withPromptOf(next, before))) {
      this._tell(null); // Another model has another count.
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

/** The prompt of one, with everything else of the other; null if either is null. */
function withPromptOf(
  next: ICountable | null,
  before: ICountable | null
): ICountable | null {
  return (
    next && before && { ...next, prompt: before.prompt, turns: before.turns }
  );
}

/**
 * The session's prompt if its tokens can be counted now; else null.
 *
 * The model must already be loaded, because counting never loads a model.
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

/** Whether a prompt and an answer fit into the model's window. */
export type Room = 'enough' | 'tight' | 'none';

/**
 * Return whether a prompt fits.
 *
 * @param longest - the maximum number of tokens of the answer.
 */
export function roomFor({ tokens, window }: TokenCount, longest: number): Room {
  // An answer has at least one token.
  return tokens >= window
    ? 'none'
    : tokens + longest > window
      ? 'tight'
      : 'enough';
}
