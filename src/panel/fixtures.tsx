/** What specs of the whole panel share. */
import React, { act } from 'react';

import { CompareLauncher } from '../compare/launcher';
import { CONTEXT, Stage } from '../components/fixtures';
import { settle } from '../session/fakes';
import { Scenario } from '../session/scenario';
import type { ISettings } from '../session/settings';
import { PanelView } from './view';

/** The panel over a session of fakes. */
export class PanelStage extends Stage {
  static async begin(prompt?: string): Promise<PanelStage> {
    return new PanelStage(await Scenario.begin(prompt));
  }

  constructor(readonly scenario: Scenario) {
    super();
    this._compare = new CompareLauncher(
      scenario.client,
      scenario.session,
      () => undefined,
      CONTEXT.trans
    );
  }

  /** What the panel changed in its settings. */
  readonly changes: Partial<ISettings>[] = [];

  /** Run, wait for the maps, draw the panel, and choose a token of the answer as the target. */
  async explained(token: number): Promise<void> {
    const { session } = this.scenario;
    const job = await this.scenario.answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    this.draw(
      <PanelView
        session={session}
        onSettings={change => {
          this.changes.push(change);
          session.settings = { ...session.settings, ...change };
        }}
        compare={this._compare}
        datasets={<span />}
        history={<span />}
        models={<span />}
      />
    );
    await act(async () => {
      session.explanation.pickSegment(this.scenario.token(token));
      await settle();
    });
  }

  dispose(): void {
    super.dispose();
    this._compare.dispose();
    this.scenario.session.dispose();
  }

  private readonly _compare: CompareLauncher;
}
