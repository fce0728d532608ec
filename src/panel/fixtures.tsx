/** Fixtures for the specs of the whole panel. */
import React, { act } from 'react';

import { CompareLauncher } from '../compare/launcher';
import { CONTEXT, Stage } from '../components/fixtures';
import { settle } from '../session/fakes';
import { Scenario } from '../session/scenario';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { Facts } from './facts';
import { PanelLayout } from './layout';
import { RunButton, RunNotices } from './run';
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

  /** The layout of the panel. */
  readonly layout = new PanelLayout();

  /** The settings that the panel changed. */
  readonly changes: Partial<ISettings>[] = [];

  /** Run a prompt, wait for the maps, render the panel, and make a token of the answer the target. */
  async explained(token: number): Promise<void> {
    const { session } = this.scenario;
    const job = await this.scenario.answered();
    job.scores(0, 1, 2);
    job.send({ event: 'done', seconds: 1 });
    await settle();
    this.draw(
      <PanelView
        session={session}
        layout={this.layout}
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

/** The panel's parts that show runs, without the others. */
export function RunParts(props: {
  session: Session;
  onSettings: (change: Partial<ISettings>) => void;
}): JSX.Element {
  const { session, onSettings } = props;
  const button = React.useRef<HTMLButtonElement>(null);
  return (
    <>
      <RunButton
        session={session}
        button={button}
        onRun={() => void session.runs.generate()}
      />
      <RunNotices
        session={session}
        onSettings={onSettings}
        onTaken={() => button.current?.focus()}
      />
      <Facts session={session} />
    </>
  );
}
