import { nullTranslator } from '@jupyterlab/translation';

import { activityOf } from '../session/activity';
import { settle } from '../session/fakes';
import { Scenario } from '../session/scenario';
import { ActivityItem } from './activity';

describe('panel/activity', () => {
  it('says what a model does for the session, and nothing else', async () => {
    const { session, client } = await Scenario.begin();
    const item = new ActivityItem(
      session,
      nullTranslator.load('lit_lab'),
      () => undefined
    );
    const seen: unknown[] = [];
    item.changed.connect(() => seen.push(item.activity));
    expect(item.activity).toBeNull();
    const running = session.runs.generate();
    await settle();
    expect(activityOf(session)).toBe('waiting');
    client.last.answer(session.prompt.value, 'Avoid. It is hot.');
    await running;
    await settle();
    // The maps that follow.
    expect(activityOf(session)).toBe('explaining');
    client.last.scores(0, 1, 2);
    client.last.send({ event: 'done', seconds: 1 });
    await settle();
    expect(item.activity).toBeNull();
    expect(seen).toEqual(['waiting', 'answering', 'explaining', null]);
    item.dispose();
    session.dispose();
  });
});
