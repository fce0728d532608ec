import type { TranslationBundle } from '@jupyterlab/translation';

import type { AnswerToken } from '../api';
import { segment } from '../salience';
import type { IEffect } from '../salience';
import { Model } from '../session/model';
import type { IProblem } from '../session/problem';
import type { IRun, IRunRequest } from '../session/run';
import { isUnderWay } from '../session/run';
import { Runner } from '../session/runner';
import type { RunnerClient } from '../session/runner';
import { textOf } from '../session/runText';

/** A sentence of the old answer: how likely each of its tokens is, on average, before and after a change of the prompt. */
export interface IOldSentence extends Pick<IEffect, 'whole' | 'without'> {
  readonly text: string;
}

/**
 * How likely a run's answer is after another prompt: what a change of the prompt does to it, besides the new answer.
 *
 * It takes one pass through the model, and the history doesn't store it.
 */
export class OldAnswer extends Model {
  constructor(client: RunnerClient, trans: TranslationBundle) {
    super();
    this._runner = new Runner(client, trans);
    this._runner.changed.connect(() => this._changed.emit());
  }

  /** Whether it is being computed. */
  get isBusy(): boolean {
    return isUnderWay(this._runner.attempt) || isUnderWay(this._runner.run);
  }

  /** What it waits for; empty if it isn't being computed. */
  get message(): string {
    return (this._runner.attempt ?? this._runner.run)?.message ?? '';
  }

  /** When it was requested, in milliseconds since the epoch. */
  get since(): number {
    return (this._runner.attempt ?? this._runner.run)?.started ?? 0;
  }

  /** Leave it; the new answer then begins. */
  skip(): void {
    this._runner.stop();
  }

  /** Why it is unknown, or null. */
  get problem(): IProblem | null {
    return this._runner.attempt?.problem ?? null;
  }

  /** The old answer's sentences; null before they are known. */
  get sentences(): readonly IOldSentence[] | null {
    const { run } = this._runner;
    return this._old && run?.phase === 'done'
      ? sentencesOf(this._old, run.answerTokens)
      : null;
  }

  protected release(): void {
    this._runner.stop();
    this._runner.dispose();
  }

  /**
   * Compute it. Settles when it is known, or failed; never rejects.
   *
   * @param old - the run whose answer it is.
   * @param request - the other prompt.
   */
  async compute(old: IRun, request: IRunRequest): Promise<void> {
    this._old = old.answerTokens;
    const forcedAnswer = textOf(old.answerTokens, [0, old.answerTokens.length]);
    if (forcedAnswer !== '') {
      await this._runner.start({ ...request, forcedAnswer, keep: false }, 0);
    }
  }

  private readonly _runner: Runner;
  private _old: readonly AnswerToken[] | null = null;
}

/**
 * The sentences of an answer, with the geometric mean of their tokens' probabilities.
 *
 * @param old - the answer's tokens, as they were generated.
 * @param scored - those of the same text after the other prompt; it may be cut into other tokens.
 */
export function sentencesOf(
  old: readonly AnswerToken[],
  scored: readonly AnswerToken[]
): IOldSentence[] {
  let begin = 0;
  return segment(old, 0, 'sentences').flatMap(span => {
    const text = textOf(old, span);
    const end = begin + text.length;
    const whole = likelihood(old.slice(...span));
    const without = likelihood(within(scored, begin, end));
    begin = end;
    return text.trim() === '' || whole === null || without === null
      ? []
      : { text: text.trim(), whole, without };
  });
}

/** The tokens that begin within a range of characters. */
function within(
  tokens: readonly AnswerToken[],
  begin: number,
  end: number
): AnswerToken[] {
  let at = 0;
  return tokens.filter(token => {
    const start = at;
    at += token.text.length;
    return begin <= start && start < end;
  });
}

/** The geometric mean of the tokens' probabilities; null without any. */
function likelihood(tokens: readonly AnswerToken[]): number | null {
  const known = tokens.flatMap(({ logprob }) => logprob ?? []);
  return known.length === 0
    ? null
    : Math.exp(known.reduce((sum, one) => sum + one, 0) / known.length);
}
