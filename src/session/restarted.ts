/** What a run's tokens become when the model service ended, and they come again. */
import type { AnswerToken, Token } from '../api';

/** The tokens of a run so far. */
interface IStreamed {
  readonly promptTokens: readonly Token[];
  readonly answerTokens: readonly AnswerToken[];
  /** How many tokens of the answer have come again since a restart; null once all have. */
  readonly numAgain: number | null;
}

/** A run's tokens with its prompt's, which come again after a restart. */
export function promptOf(run: IStreamed, tokens: readonly Token[]): IStreamed {
  const { promptTokens, answerTokens, numAgain } = run;
  const isSame =
    tokens.length === promptTokens.length &&
    tokens.every(({ id }, i) => id === promptTokens[i].id);
  // The same array keeps what was computed from it, such as segments.
  return isSame
    ? { promptTokens, answerTokens, numAgain }
    : {
        promptTokens: tokens,
        answerTokens: numAgain === null ? answerTokens : [],
        numAgain: null
      };
}

/** A run's answer with another token, which takes the place of the one before a restart. */
export function withToken(
  run: IStreamed,
  token: AnswerToken
): Pick<IStreamed, 'answerTokens' | 'numAgain'> {
  const { answerTokens, numAgain } = run;
  if (numAgain === null) {
    return { answerTokens: [...answerTokens, token], numAgain };
  }
  if (answerTokens[numAgain].id !== token.id) {
    // From here on, it is another answer.
    const same = answerTokens.slice(0, numAgain);
    return { answerTokens: [...same, token], numAgain: null };
  }
  const count = numAgain + 1;
  return {
    answerTokens,
    numAgain: count < answerTokens.length ? count : null
  };
}
