import { nullTranslator } from '@jupyterlab/translation';

import { mergeEffects, NO_EFFECTS } from '../salience';
import { withEffects } from '../session/effectMap';
import { effectSegments } from '../session/effectSegments';
import { tokens } from '../session/fixtures';
import { makeMap } from '../session/map';
import { cutText } from '../session/runText';
import { disagreement } from './disagreement';

const PROMPT =
  'One is here.\nTwo.\nThree.\nFour.\nFive, and it is a long line.';
const ANSWER = ' Yes it is.';

/**
 * What is said of a map whose nth sentence has a share, and an effect on each of the
 * target's tokens.
 */
function said(shares: readonly number[], costs: readonly number[]): string {
  const run = {
    prompt: PROMPT,
    promptTokens: tokens(PROMPT),
    answerTokens: tokens(ANSWER)
  };
  const text = cutText(run, 'sentences', null);
  const [target] = text.answer;
  const scores = text.tokens.map(() => 0);
  text.prompt.forEach(([start], i) => {
    scores[start] = shares[i];
  });
  const row = (cost: number) => run.answerTokens.map(() => -0.1 - cost);
  const table = mergeEffects(NO_EFFECTS, [
    {
      kind: 'one',
      first: 0,
      total: 6,
      removed: [[], ...costs.map((_, i) => [i])],
      logprobs: [row(0), ...costs.map(row)]
    }
  ]);
  const map = withEffects(
    makeMap(text, scores, target, {
      method: 'grad_l2',
      aggregation: 'sum',
      intensity: 0.5
    }),
    { level: 0, segments: effectSegments(run)!, table },
    'effect',
    0.5
  );
  return disagreement(text, map, nullTranslator.load('lit_lab'));
}

describe('map/disagreement', () => {
  it('says nothing where the first of each is among the first of the other', () => {
    expect(said([9, 8, 7, 2, 1], [1, 2, 3, 0.1, 0])).toBe('');
  });

  it('calls no effect small because another is large', () => {
    expect(said([1, 2, 3, 4, 9], [9, 8, 7, 6, -0.09])).toBe(
      'The map ranks line 5 (“Five, and it is a long line.”) first, but without it ' +
        'the target changes less (90% → 99%) than without others. The target changes most ' +
        '(90% → 0%) without line 1 (“One is here.”), which the map ranks in place 5.'
    );
  });

  it('says that what the map puts first hardly matters, and what does', () => {
    expect(said([1, 2, 3, 4, 9], [1, 0.8, 0.5, 0.2, 0.001])).toBe(
      'The map ranks line 5 (“Five, and it is a long line.”) first, but without it ' +
        'the target hardly changes (90% → 90%). The target changes most ' +
        '(90% → 33%) without line 1 (“One is here.”), which the map ranks in place 5.'
    );
  });

  it('tells a small effect from none', () => {
    expect(said([8, 2, 3, 4, 9], [1, 0.8, 0.5, 0.2, 0.15])).toBe(
      'The map ranks line 5 (“Five, and it is a long line.”) first, but without it ' +
        'the target changes less (90% → 78%) than without others.'
    );
  });

  it('says that the first parts of both are different ones', () => {
    expect(said([9, 1, 2, 8, 7], [3, 2, 1, 0.5, 0.4])).toBe(
      'Share and effect have 1 of their first 3 parts in common. ' +
        'By effect, these are in front, too: line 2 (“Two.”), line 3 (“Three.”).'
    );
  });

  it('says nothing of parts in front that have hardly an effect', () => {
    expect(said([9, 1, 2, 8, 7], [3, 0.01, 0.01, 0.001, 0])).toBe('');
  });

  it('says that no part matters alone', () => {
    expect(said([8, 2, 3, 4, 9], [0.001, 0.002, 0, 0.005, -0.001])).toBe(
      'Without any single one of these parts, the target remains about as likely.'
    );
  });
});
