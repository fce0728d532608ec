/** Batches over datasets, in a tab of the main area. Loads with the first use, as all that only batches need. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { WidgetTracker } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { runIcon } from '@jupyterlab/ui-components';

import '../../style/batches.css';
import '../../style/batchRows.css';
import '../../style/batchParts.css';
import type { BatchInfo } from '../api';
import { BatchClient } from '../api/batches';
import { BatchForm } from '../batches/form';
import { BatchesModel } from '../batches/model';
import type { IRowsToRun } from '../batches/rows';
import { BatchRowSource } from '../batches/rowSource';
import { checkModel, settingsOf } from '../batches/settings';
import { BatchesWidget } from '../batches/widget';
import { numberOf } from '../batches/words';
import type { IPanelContext } from '../components/context';
import { addToMain, bringToFront } from '../components/mainarea';
import type { DatasetsModel } from '../datasets';
import type { OpenedDataset } from '../datasets/opened';
import type { Session } from '../session/session';

/** What the tab is made of. */
export interface IBatchesSurroundings {
  readonly app: JupyterFrontEnd;
  readonly session: Session;
  readonly datasets: DatasetsModel;
  readonly context: IPanelContext;
  /** Keeps the tab over a reload. */
  readonly tracker: WidgetTracker;
  /** Show the analysis in the panel; the focus stays. */
  readonly showAnalysis: () => void;
}

type BatchesTab = MainAreaWidget<BatchesWidget>;

/** The tab's id. */
const ID = 'lit-lab-batches';

/**
 * Open the tab, with the shown dataset in its form.
 *
 * @param isRestored - whether JupyterLab restores its layout, with the tab where it was.
 */
export async function openBatches(
  surroundings: IBatchesSurroundings,
  isRestored: boolean
): Promise<void> {
  const { app, datasets, context } = surroundings;
  const { trans } = context;
  const tab = find(app) ?? (await prepare(surroundings));
  if (!tab.isAttached) {
    addToMain(app.shell, tab);
  }
  const dataset = datasets.current;
  if (dataset) {
    if (dataset.state === null) {
      // After a reload, nobody has looked at it yet.
      void dataset.open();
    }
    const rows = rowsOf(dataset, trans);
    tab.content.form.take(rows);
    tab.title.label = trans.__('Run over rows: %1', rows.name);
  }
  if (!isRestored) {
    bringToFront(app.shell, tab);
  }
}

/** Tabs that aren't in the page yet, by their trackers: a second click waits for the first one's. */
const prepared = new WeakMap<WidgetTracker, Promise<BatchesTab>>();

/** A tab that its tracker knows. */
function prepare(surroundings: IBatchesSurroundings): Promise<BatchesTab> {
  const { tracker } = surroundings;
  const known = prepared.get(tracker);
  if (known) {
    return known;
  }
  const tab = make(surroundings);
  // First, so that the layout knows the tab's name when it is stored.
  const made = tracker.add(tab).then(() => tab);
  prepared.set(tracker, made);
  // Once it is in the page, it is found there.
  const forget = () => void prepared.delete(tracker);
  made.then(forget, forget);
  return made;
}

/** The tab, if it is open. */
function find(app: JupyterFrontEnd): BatchesTab | undefined {
  for (const area of ['main', 'down']) {
    for (const tab of app.shell.widgets(area)) {
      if (tab.id === ID) {
        return tab as BatchesTab;
      }
    }
  }
  return undefined;
}

function make(surroundings: IBatchesSurroundings): BatchesTab {
  const { app, session, context } = surroundings;
  const { trans } = context;
  const { serverSettings } = app.serviceManager;
  const translator = {
    languageCode: document.documentElement.lang,
    load: () => trans
  };
  const client = new BatchClient({ serverSettings, translator });
  const model = new BatchesModel(client, trans);
  const form = new BatchForm(session, trans);
  if (session.service.status === null) {
    void session.service.refresh();
  }

  /** Run a row in the panel, as its batch did. */
  const open = async (batch: BatchInfo, row: number) => {
    const isWanted = session.claim();
    try {
      const full = await client.batchRow(batch.id, row);
      if (!isWanted()) {
        return;
      }
      checkModel(batch, session.service.models, trans);
      session.model = batch.model;
      surroundings.showAnalysis();
      await session.analyze(
        new BatchRowSource(
          full,
          batch.name,
          [trans.__('row %1', numberOf(row))],
          () => bringToFront(app.shell, made)
        ),
        settingsOf(batch)
      );
    } catch (reason) {
      model.report(reason);
    }
  };
  const content = new BatchesWidget(
    {
      model,
      form,
      onOpen: (batch, row) => void open(batch, row),
      onRestart: () => void session.service.restart()
    },
    context
  );
  const made = new MainAreaWidget({ content });
  made.id = ID;
  made.title.icon = runIcon;
  made.title.label = trans.__('Run over rows');
  made.title.closable = true;
  return made;
}

/** An open dataset, as the form needs it. */
function rowsOf(dataset: OpenedDataset, trans: TranslationBundle): IRowsToRun {
  const { list } = dataset;
  return {
    get key() {
      const { name, path } = dataset.reference;
      return path === undefined ? `name:${name}` : `path:${path}`;
    },
    get name() {
      return dataset.reference.name === 'sample_prompts'
        ? trans.__('LIT’s sample prompts')
        : dataset.name;
    },
    get id() {
      return dataset.isDisposed ? null : dataset.id;
    },
    get isRead() {
      const { state } = dataset;
      return (
        state !== null &&
        (state.state !== 'reading' || state.columns.length > 0)
      );
    },
    get rows() {
      return dataset.state?.rows ?? 0;
    },
    get columns() {
      return dataset.state?.columns ?? [];
    },
    get chosen() {
      return dataset.state?.chosen ?? NO_COLUMNS;
    },
    get search() {
      return list.query.trim() === '' && list.source === null
        ? null
        : { words: list.query, source: list.source, found: list.total };
    },
    changed: dataset.changed
  };
}

const NO_COLUMNS = { prompt: null, target: null, template: null };
