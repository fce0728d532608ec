import { nullTranslator } from '@jupyterlab/translation';

import { FakeClient, settle } from './fakes';
import { ScoreStore } from './scores';

const trans = nullTranslator.load('lit_lab');

describe('session/scores', () => {
  it('asks for no more at a time than the server holds of a result', async () => {
    const client = new FakeClient();
    const ids = Array.from({ length: 50_000 }, () => 2);
    const store = new ScoreStore(client, 'demo', ids, trans);
    store.request(
      Array.from({ length: 50 }, (_, n) => [49_000 + n, 49_001 + n] as const)
    );
    const asked: number[] = [];
    for (let job = 0; job < 3; job++) {
      while (client.jobs.length === job) {
        await settle();
      }
      const { request } = client.last;
      const count = request.kind === 'salience' ? request.targets.length : 0;
      asked.push(count);
      client.last.scores(...Array.from({ length: count }, (_, n) => n));
      client.last.send({ event: 'done', seconds: 1 });
    }
    await settle();
    expect(asked).toEqual([20, 20, 10]);
    expect(client.jobs).toHaveLength(3);
    store.dispose();
  });
});
