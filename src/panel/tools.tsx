import { ReactWidget } from '@jupyterlab/apputils';
import { ellipsesIcon, shareIcon } from '@jupyterlab/ui-components';
import type { Toolbar } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';
import React, { useLayoutEffect, useRef } from 'react';

import { PanelContext, usePanel } from '../components/context';
import type { IPanelContext } from '../components/context';
import { useRedraw } from '../components/redraw';
import type { Session } from '../session/session';
import { toMainIcon, toSideIcon } from './icons';

/** The panel's own tools, by their names in the settings. */
export const TOOLS = ['share', 'place', 'menu'] as const;
export type Tool = (typeof TOOLS)[number];

/** The area that a panel is in. */
export type Place = 'side' | 'main';

/** The part of a panel that its tools use. */
export interface ITooled {
  readonly context: IPanelContext;
  readonly session: Session;
  readonly place: Place;
  /** Move the analysis to the other area; undefined if that isn't possible. */
  readonly move: (() => void) | undefined;
}

/** One of the panel's own tools, as an item of its toolbar. */
export function makeTool(tool: Tool, panel: ITooled): Widget {
  return new ToolWidget(tool, panel);
}

/** A Lumino toolbar within React's header. */
export function Tools({ toolbar }: { toolbar: Toolbar }): JSX.Element {
  const host = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    if (host.current?.isConnected) {
      Widget.attach(toolbar, host.current);
    }
    return () => {
      // A widget outside the page can't be detached.
      if (toolbar.isAttached && toolbar.node.isConnected) {
        Widget.detach(toolbar);
      }
    };
  }, [toolbar]);
  return <span ref={host} className="lit-header-tools" />;
}

class ToolWidget extends ReactWidget {
  constructor(tool: Tool, panel: ITooled) {
    super();
    this._tool = tool;
    this._panel = panel;
  }

  protected render(): JSX.Element {
    const { context, session, place, move } = this._panel;
    return (
      <PanelContext value={context}>
        {this._tool === 'share' ? (
          <Share session={session} />
        ) : this._tool === 'menu' ? (
          <More />
        ) : (
          <Move place={place} onMove={move} />
        )}
      </PanelContext>
    );
  }

  private readonly _tool: Tool;
  private readonly _panel: ITooled;
}

function Share({ session }: { session: Session }): JSX.Element | null {
  const { trans, openShare } = usePanel();
  useRedraw(session);
  return openShare && session.shown ? (
    <button
      type="button"
      className="lit-icon-button"
      aria-label={trans.__('Share this run')}
      title={trans.__('Share this run')}
      aria-haspopup="menu"
      onClick={event => openShare(event.currentTarget)}
    >
      <shareIcon.react tag="span" />
    </button>
  ) : null;
}

function Move(props: {
  place: ITooled['place'];
  onMove: ITooled['move'];
}): JSX.Element | null {
  const { trans } = usePanel();
  const { place, onMove } = props;
  const name =
    place === 'side'
      ? trans.__('Open in the main area')
      : trans.__('Back to the side panel');
  const Icon = place === 'side' ? toMainIcon : toSideIcon;
  return onMove ? (
    <button
      type="button"
      className="lit-icon-button"
      aria-label={name}
      title={name}
      onClick={onMove}
    >
      <Icon.react tag="span" />
    </button>
  ) : null;
}

function More(): JSX.Element {
  const { trans, openMenu } = usePanel();
  return (
    <button
      type="button"
      className="lit-icon-button"
      aria-label={trans.__('LIT, service and log')}
      title={trans.__('LIT, service and log')}
      aria-haspopup="menu"
      onClick={event => openMenu(event.currentTarget)}
    >
      <ellipsesIcon.react tag="span" />
    </button>
  );
}
