import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import React from 'react';

import { PanelContext } from '../components/context';
import type { IPanelContext } from '../components/context';
import type { ICompareActions } from './actions';
import type { Comparison } from './comparison';
import { compareIcon } from './icon';
import { captionOf, labelOf } from './name';
import { CompareView } from './view';

/** A comparison, in the main area. It owns it. */
export class CompareWidget extends ReactWidget {
  constructor(
    readonly comparison: Comparison,
    context: IPanelContext,
    actions: ICompareActions
  ) {
    super();
    this._context = context;
    this._actions = actions;
    this.addClass('lit-panel');
    this.addClass('lit-compare');
    this.node.setAttribute('role', 'region');
    comparison.changed.connect(this._rename, this);
    this._rename();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.comparison.dispose();
      super.dispose();
    }
  }

  protected render(): JSX.Element {
    return (
      <PanelContext value={this._context}>
        <CompareView comparison={this.comparison} actions={this._actions} />
      </PanelContext>
    );
  }

  private _rename(): void {
    const { trans } = this._context;
    const label = labelOf(this.comparison, trans);
    if (label !== this.title.label) {
      this.title.label = label;
      this.node.setAttribute('aria-label', trans.__('Comparison: %1', label));
    }
    this.title.caption = captionOf(this.comparison, trans);
  }

  private readonly _context: IPanelContext;
  private readonly _actions: ICompareActions;
}

/**
 * A tab with a comparison.
 *
 * @param id - of the tab, which the page's layout stores.
 */
export function makeTab(
  content: CompareWidget,
  id: string
): MainAreaWidget<CompareWidget> {
  content.title.icon = compareIcon;
  content.title.closable = true;
  const tab = new MainAreaWidget({ content });
  tab.id = id;
  // All it needs is beside the texts.
  tab.toolbar.hide();
  return tab;
}
