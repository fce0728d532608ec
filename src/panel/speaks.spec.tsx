/** What two panels over one session announce. */
import React from 'react';

import { CompareLauncher } from '../compare/launcher';
import { CONTEXT, Stage } from '../components/fixtures';
import { Problem } from '../components/notices';
import { Scenario } from '../session/scenario';
import { PanelLayout } from './layout';
import { PanelView } from './view';

describe('panel/speaks', () => {
  it('shows problems and the next answer twice, and announces them once', async () => {
    const stage = new Stage();
    const { session, client } = await Scenario.begin();
    session.settings = { ...session.settings, temperature: 0.8 };
    const compare = new CompareLauncher(
      client,
      session,
      () => undefined,
      CONTEXT.trans
    );
    const problem = { message: 'It broke.', hint: '', remedies: [] };
    const layout = new PanelLayout();
    stage.draw(
      <>
        {[true, false].map(speaks => (
          <PanelView
            key={String(speaks)}
            speaks={speaks}
            session={session}
            layout={layout}
            onSettings={() => undefined}
            compare={compare}
            datasets={<Problem problem={problem} />}
            history={<span />}
            models={<span />}
          />
        ))}
      </>
    );
    const count = (selector: string, text: string) =>
      [...stage.host.querySelectorAll(selector)].filter(one =>
        one.textContent?.includes(text)
      ).length;
    expect(count('.lit-problem', 'It broke.')).toBe(2);
    expect(count('[role="alert"]', 'It broke.')).toBe(1);
    expect(count('.lit-sampled', 'Next answer')).toBe(2);
    expect(count('[role="status"]', 'Next answer')).toBe(1);
    stage.dispose();
    compare.dispose();
    layout.dispose();
    session.dispose();
  });
});
