import { nullTranslator } from '@jupyterlab/translation';

import { mapOf } from '../session/map';
import { cutText } from '../session/runText';
import { DEFAULT_SETTINGS } from '../session/settings';
import { token } from './fixtures';
import { inWords } from './inWords';

const trans = nullTranslator.load('lit_lab');
const RUN = {
  promptTokens: ['Be kind.', '\nSay A.', '\nSay B.'].map(text => token(text)),
  answerTokens: [token(' A')]
};
const TEXT = cutText(RUN, 'sentences', [3, 4], {})!;
const map = (scores: number[]) =>
  mapOf(TEXT, scores, [3, 4], {
    ...DEFAULT_SETTINGS,
    method: 'grad_l2',
    within: null
  })!;

describe('map/inWords', () => {
  it('names the first part in its words, and the second one’s line', () => {
    expect(inWords(TEXT, map([1, 6, 3, 0]), trans)).toBe(
      'Mostly line 2 (“Say A.”): 78%; then line 3: 20%.'
    );
  });

  it.each([
    [
      'This savoury tart has eggs, which is bad.',
      'This savoury tart has eggs…'
    ],
    // Without blanks there is nothing to cut between.
    ['长'.repeat(40), `${'长'.repeat(31)}…`],
    [`是 ${'长'.repeat(40)}`, `是 ${'长'.repeat(29)}…`]
  ])('cuts a long part between words: %s', (long, quoted) => {
    const run = { ...RUN, promptTokens: [token(long)] };
    const text = cutText(run, 'sentences', [1, 2], {})!;
    const settings = {
      ...DEFAULT_SETTINGS,
      method: 'grad_l2' as const,
      within: null
    };
    const shown = mapOf(text, [1, 0], [1, 2], settings)!;
    expect(inWords(text, shown, trans)).toContain(`(“${quoted}”)`);
  });

  it('leaves out a second part that hardly counts', () => {
    expect(inWords(TEXT, map([0.5, 9, 0.5, 0]), trans)).toBe(
      'Mostly line 2 (“Say A.”): 99%.'
    );
  });

  it('says nothing where no part has any salience', () => {
    expect(inWords(TEXT, map([0, 0, 0, 0]), trans)).toBe('');
  });
});
