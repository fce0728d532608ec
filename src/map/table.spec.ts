import { mapOf } from '../session/map';
import { cutText } from '../session/runText';
import { DEFAULT_SETTINGS } from '../session/settings';
import { token } from './fixtures';
import { tableOf } from './table';

const TEXT = cutText(
  {
    promptTokens: ['Be "kind", now.', '\n=SUM(A1)', '\nSay B.'].map(text =>
      token(text)
    ),
    answerTokens: [token(' A')]
  },
  'lines',
  [3, 4],
  {}
)!;

describe('map/table', () => {
  it('has all ranked parts, quoted, and no formula', () => {
    const map = mapOf(TEXT, [1, 6, 3, 0], [3, 4], {
      ...DEFAULT_SETTINGS,
      method: 'grad_l2',
      within: null
    })!;
    expect(tableOf(TEXT, map).split('\r\n')).toEqual([
      '"rank","line","text","score","share"',
      `1,2,"'=SUM(A1)",36,0.782608695652174`,
      '2,3,"Say B.",9,0.1956521739130435',
      '3,1,"Be ""kind"", now.",1,0.021739130434782608',
      ''
    ]);
  });
});
