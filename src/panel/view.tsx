import type { Toolbar } from '@jupyterlab/ui-components';
import React, { useEffect, useId, useRef } from 'react';

import type { CompareLauncher } from '../compare/launcher';
import { usePanel } from '../components/context';
import { useRedraw } from '../components/redraw';
import { Tabs, tabIds } from '../components/tabs';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { Analysis } from './analysis';
import { Header } from './header';
import { VIEWS } from './layout';
import type { PanelLayout, View } from './layout';
import { RunNotices } from './run';
import { Status } from './status';

/** A panel: Run and the model above, and one of four views. */
export function PanelView(props: {
  session: Session;
  layout: PanelLayout;
  /** The content at the end of the header; left out for nothing. */
  toolbar?: Toolbar;
  onSettings: (settings: Partial<ISettings>) => void;
  /** Opens comparisons. */
  compare: CompareLauncher;
  /** The dataset browser. */
  datasets: JSX.Element;
  /** Earlier runs. */
  history: JSX.Element;
  /** The model manager. */
  models: JSX.Element;
}): JSX.Element {
  const { trans } = usePanel();
  const { session, layout, onSettings } = props;
  useRedraw(session);
  useRedraw(layout);
  const root = useRef<HTMLDivElement>(null);
  const runButton = useRef<HTMLButtonElement>(null);
  const id = useId();
  const { view } = layout;
  // The focused element may be hidden now, so focus the view's tab.
  const focused = useRef<Element | null>(null);
  useEffect(() => {
    const { current: before } = focused;
    const { activeElement } = document;
    // Unless the focus has moved elsewhere, to a cell or to another panel of the session.
    const isLost = activeElement === before || activeElement === document.body;
    if (isLost && before?.closest('[role="tabpanel"][hidden]')) {
      document.getElementById(tabIds(id, view).tab)?.focus();
    }
  }, [id, view]);

  // Escape, or a new run, removes the map and any focus in it. Focus the segment that
  // was explained.
  const { target, text } = session.explanation;
  const explained = useRef(target);
  useEffect(() => {
    const token = explained.current?.[0];
    explained.current = target;
    const { activeElement } = document;
    if (
      target ||
      // The focus has moved elsewhere, to a cell or to another panel of the session.
      (activeElement && activeElement !== document.body) ||
      token === undefined ||
      focused.current?.isConnected !== false
    ) {
      return;
    }
    const at = text?.segments.findIndex(([, end]) => token < end);
    const next =
      root.current?.querySelector<HTMLElement>(`[data-segment="${at}"]`) ??
      root.current?.querySelector<HTMLElement>(
        '.lit-insight [aria-selected="true"]'
      );
    next?.focus();
  }, [target]);

  const run = () => {
    layout.show('analysis');
    void session.runs.generate();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      run();
    } else if (
      event.key === 'Escape' &&
      layout.view === 'analysis' &&
      session.explanation.target
    ) {
      event.stopPropagation();
      session.explanation.clear();
    }
  };

  const names: Record<View, string> = {
    analysis: trans.__('Analysis'),
    datasets: trans.__('Datasets'),
    history: trans.__('History'),
    models: trans.__('Models')
  };
  const views: Record<View, JSX.Element> = {
    analysis: (
      <Analysis
        session={session}
        layout={layout}
        onSettings={onSettings}
        compare={props.compare}
      />
    ),
    datasets: props.datasets,
    history: props.history,
    models: props.models
  };
  return (
    <div
      ref={root}
      className="lit-panel-content"
      onKeyDown={onKeyDown}
      onFocus={event => {
        focused.current = event.target;
      }}
    >
      <Header
        session={session}
        runButton={runButton}
        toolbar={props.toolbar}
        onRun={run}
      />
      <div className="lit-views">
        <Tabs
          id={id}
          label={trans.__('Views')}
          value={view}
          onChange={chosen => layout.show(chosen)}
          tabs={VIEWS.map(value => ({ value, name: names[value] }))}
        />
      </div>
      <RunNotices
        session={session}
        onSettings={onSettings}
        onTaken={() => runButton.current?.focus()}
      />
      {VIEWS.map(one => (
        // All views stay in the page, so that scroll positions, searches and typed texts survive.
        <div
          key={one}
          id={tabIds(id, one).panel}
          className="lit-view"
          role="tabpanel"
          aria-labelledby={tabIds(id, one).tab}
          hidden={one !== view}
        >
          {views[one]}
        </div>
      ))}
      <Status session={session} />
    </div>
  );
}
