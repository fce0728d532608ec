import { ReactWidget } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Toolbar } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import React, { useEffect } from 'react';

import type { RunInfo } from '../api';
import type { CompareLauncher } from '../compare/launcher';
import { PanelContext } from '../components/context';
import type { IPanelContext } from '../components/context';
import { useRedraw } from '../components/redraw';
import { DatasetsView, FileDrop } from '../datasets';
import type { DatasetsModel } from '../datasets';
import { HistoryView } from '../history';
import type { HistoryModel } from '../history';
import { ModelsView } from '../models';
import type { ModelsModel } from '../models';
import type { Session } from '../session/session';
import type { ISettings } from '../session/settings';
import { panelIcon } from './icons';
import type { PanelLayout, View } from './layout';
import { PanelView } from './view';
import type { Place } from './tools';
import type { Viewers } from './viewers';

/** A panel's widget. */
export class PanelWidget extends ReactWidget {
  constructor(options: PanelWidget.IOptions) {
    super();
    this._options = options;
    this._silent = { ...options.context, isSilent: true };
    const { trans } = options.context;
    const isSide = options.place === 'side';
    this.id = isSide ? 'lit-lab-panel' : 'lit-lab-main-panel';
    this.title.icon = panelIcon;
    this.title.caption = trans.__('Prompt salience');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.label);
    this.toolbar.node.setAttribute('aria-label', trans.__('Tools'));
    this.addClass('lit-panel');
    options.viewers.changed.connect(() => this.update(), this);
    const { datasets } = options;
    this._drop = new FileDrop(this.node, path => void datasets.openFile(path));
    void options.restored.then(() => {
      this._isRestored = true;
    });
  }

  /** The content at the end of the header. */
  readonly toolbar = new Toolbar();

  /** The label of the region, which distinguishes two panels. */
  get label(): string {
    const { trans } = this.context;
    return this.place === 'side'
      ? trans.__('Prompt salience')
      : trans.__('Prompt salience in the main area');
  }

  get place(): Place {
    return this._options.place;
  }

  get session(): Session {
    return this._options.session;
  }

  get parts(): PanelLayout {
    return this._options.layout;
  }

  get context(): IPanelContext {
    return this._options.context;
  }

  /** Move the analysis to the other area; undefined if that isn't possible. */
  get move(): (() => void) | undefined {
    return this._options.onMove;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._drop.dispose();
      super.dispose();
      this.toolbar.dispose();
    }
  }

  protected render(): JSX.Element {
    const { context, session, datasets, history, compare, onSettings } =
      this._options;
    const { layout } = this._options;
    return (
      <PanelContext
        value={this._options.viewers.speaks(this) ? context : this._silent}
      >
        <PanelView
          session={session}
          layout={layout}
          toolbar={this.toolbar}
          onSettings={onSettings}
          compare={compare}
          datasets={
            <Datasets
              model={datasets}
              layout={layout}
              session={session}
              trans={context.trans}
              wanted={this._isWanted}
            />
          }
          history={
            <History
              model={history}
              layout={layout}
              session={session}
              trans={context.trans}
              onClear={this._options.onClear}
              onShare={this._options.onShare}
              compare={compare}
            />
          }
          models={
            <Models
              models={this._options.models}
              layout={layout}
              session={session}
              trans={context.trans}
            />
          }
        />
      </PanelContext>
    );
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._want();
    this._report(true);
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._report(this.isVisible);
  }

  protected onBeforeHide(message: Message): void {
    super.onBeforeHide(message);
    this._report(false);
  }

  protected onBeforeDetach(message: Message): void {
    super.onBeforeDetach(message);
    this._report(false);
  }

  protected onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this._resized.emit();
  }

  protected onActivateRequest(message: Message): void {
    super.onActivateRequest(message);
    this._want();
    // The command palette returns the focus to the main area just after it has run a
    // command.
    const view = this._toShow;
    this._toShow = null;
    if (view) {
      this._options.layout.show(view);
    }
    requestAnimationFrame(() => this._takeFocus(PATIENCE));
  }

  /** Emitted when the size of the panel changes. */
  get resized(): ISignal<this, void> {
    return this._resized;
  }

  /** Show a view when the panel is next activated, and focus its tab. */
  showOnceActive(view: View): void {
    this._toShow = view;
  }

  /**
   * Move the focus to the next step: an empty field, or else Run; in other views than the analysis, the view's tab. The
   * session knows whether there is a prompt, because the field may not show it yet.
   *
   * @param frames - how many frames to wait, because a panel that was never shown is
   *   rendered after its activation.
   * @param before - the focused element at the start. If the user moves the focus meanwhile, it stays there.
   */
  private _takeFocus(frames: number, before = document.activeElement): void {
    const { activeElement } = document;
    const isMoved = activeElement !== before && activeElement !== document.body;
    if (this.isDisposed || !this.isVisible || isMoved) {
      return;
    }
    const { session, layout } = this._options;
    const next =
      layout.view !== 'analysis'
        ? ['.lit-views [aria-selected="true"]']
        : session.prompt.isEmpty
          ? ['.lit-prompt']
          : [
              '.lit-variables textarea:placeholder-shown',
              '.lit-primary, .lit-stop'
            ];
    next
      .map(each => this.node.querySelector<HTMLElement>(each))
      .find(Boolean)
      ?.focus();
    if (frames > 0 && !this.node.contains(document.activeElement)) {
      requestAnimationFrame(() => this._takeFocus(frames - 1, before));
    }
  }

  private _report(isVisible: boolean): void {
    this._options.viewers.report(this, isVisible);
  }

  /**
   * Report that the user has opened the panel. Only then it offers sample prompts: they come
   * from the model service, and a reload with an open panel must not start the service.
   */
  private _want(): void {
    if (this._isRestored && !this._isWanted) {
      this._isWanted = true;
      this.update();
    }
  }

  private readonly _silent: IPanelContext;
  private readonly _options: PanelWidget.IOptions;
  private readonly _drop: FileDrop;
  private readonly _resized = new Signal<this, void>(this);
  private _toShow: View | null = null;
  private _isRestored = false;
  private _isWanted = false;
}

/** Maximum number of frames that the panel may need to render, even on a busy machine. */
const PATIENCE = 30;

function Datasets(props: {
  model: DatasetsModel;
  layout: PanelLayout;
  session: Session;
  trans: TranslationBundle;
  wanted: boolean;
}): JSX.Element {
  const { model, layout, session, trans, wanted } = props;
  useRedraw(session);
  useRedraw(layout);
  useRedraw(model);
  const loading = model.current?.state?.state === 'reading';
  useEffect(() => {
    void model.list();
  }, [model]);
  useEffect(() => {
    if (!wanted || !model.needsService) {
      return;
    }
    // Loading starts a stopped service, so show its progress.
    const { service } = session;
    const timer = window.setTimeout(
      () => {
        if (service.service?.state !== 'ready') {
          void service.refresh();
        }
      },
      loading ? 300 : 0
    );
    return () => window.clearTimeout(timer);
  }, [session, model, wanted, loading, model.needsService]);
  const awake = session.service.service?.state === 'ready';
  const isFree = model.named.length > 0 && !model.needsService;
  return (
    <DatasetsView
      model={model}
      prompt={session.prompt}
      trans={trans}
      isShown={
        layout.view === 'datasets' &&
        (wanted || layout.wasChosen || awake || isFree)
      }
    />
  );
}

function History(props: {
  model: HistoryModel;
  layout: PanelLayout;
  session: Session;
  trans: TranslationBundle;
  onClear: () => void;
  onShare: PanelWidget.IOptions['onShare'];
  compare: CompareLauncher;
}): JSX.Element {
  const { model, layout, session, trans, onClear, onShare, compare } = props;
  useRedraw(session);
  useRedraw(layout);
  const status = session.service.status?.history;
  return (
    <HistoryView
      model={model}
      trans={trans}
      remark={[status?.message, status?.hint].filter(Boolean).join(' ')}
      onClear={onClear}
      onShare={onShare}
      compare={compare}
      isShown={layout.view === 'history'}
    />
  );
}

function Models(props: {
  models: ModelsModel;
  layout: PanelLayout;
  session: Session;
  trans: TranslationBundle;
}): JSX.Element {
  const { layout, ...shared } = props;
  useRedraw(layout);
  return <ModelsView {...shared} isShown={layout.view === 'models'} />;
}

/** Namespace for the widget's options. */
export namespace PanelWidget {
  /** The options of a panel. */
  export interface IOptions {
    session: Session;
    place: Place;
    /** The layout of the panel. */
    layout: PanelLayout;
    datasets: DatasetsModel;
    history: HistoryModel;
    models: ModelsModel;
    /** Opens comparisons. */
    compare: CompareLauncher;
    /** Delete the history, after a confirmation. */
    onClear: () => void;
    /** Open the menu of actions for a run of the history. */
    onShare: (run: RunInfo, anchor: HTMLElement) => void;
    context: IPanelContext;
    /** Receives reports when the panel is shown and hidden. */
    viewers: Viewers;
    /** Move the analysis to the other area; left out if that isn't possible. */
    onMove?: () => void;
    onSettings: (settings: Partial<ISettings>) => void;
    /** Settles when JupyterLab has restored the page's layout. */
    restored: Promise<void>;
  }
}
