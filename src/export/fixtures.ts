/** Finished runs for the specs. */
import type { AnswerToken, KeptScores, RunRecord, Token } from '../api';
import { fakeRecord, tokens } from '../session/fixtures';
import { DEFAULT_SETTINGS } from '../session/settings';
import type { ILook } from './reading';

const BOS: Token = { id: 2, piece: '<bos>', text: '', kind: 'template' };

/** How the specs look at runs. */
export const LOOK: ILook = DEFAULT_SETTINGS;

/** A run whose answer's sentences all have scores: the later a token, the higher. */
export function finished(
  prompt: string,
  answer: string,
  change: Partial<RunRecord> = {}
): RunRecord {
  const prompt_tokens = [BOS, ...tokens(prompt)].map(
    ({ id, piece, text, kind }): Token => ({ id, piece, text, kind })
  );
  const answer_tokens = tokens(answer).map((token, i): AnswerToken => ({
    ...token,
    logprob: i === 0 ? null : -0.5
  }));
  const seam = prompt_tokens.length;
  const all = seam + answer_tokens.length;
  // Sentences of these texts end where a token ends with a full stop.
  const ends = answer_tokens.flatMap(({ text }, i) =>
    text.endsWith('.') ? [seam + i + 1] : []
  );
  return fakeRecord(prompt, answer, {
    id: 'r1',
    created: 1_700_000_000,
    origin: { document: 'secret/folder/a.ipynb', place: ['cell 2'] },
    prompt_tokens,
    answer_tokens,
    seconds: 0.4,
    scores: ends.flatMap((end, i) =>
      (['grad_l2', 'grad_dot_input'] as const).map((method): KeptScores => ({
        mode: null,
        event: {
          event: 'scores',
          target: { start: i === 0 ? seam : ends[i - 1], end },
          method,
          scores: Array.from({ length: all }, (_, at) =>
            at < end ? at / 8 : 0
          ),
          gap: null,
          foil: null
        }
      }))
    ),
    ...change
  });
}

export { withKeptEffects as withEffects } from '../session/effectFakes';
