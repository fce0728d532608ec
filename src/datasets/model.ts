import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import { isAbort } from '../api';
import type { ApiClient, DatasetFullRow, DatasetInfo } from '../api';
import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import type { PromptModel } from '../session/prompt';
import type { IPromptSource, Step } from '../session/source';
import type { IDatasetsHost } from './host';
import { OpenedDataset } from './opened';
import type { OpenedClient } from './opened';
import { fillFields } from './promptfields';
import type { IReference } from './reference';
import { DatasetSource } from './source';

/** What the browser needs from the client. */
export type DatasetsClient = OpenedClient & Pick<ApiClient, 'datasets'>;

/** A row that the user chose as the prompt. */
export interface IChosen {
  readonly source: IPromptSource;
  /** Whether to run the prompt at once. */
  readonly run: boolean;
}

/** What is stored of the browser over a reload. */
interface ISaved {
  readonly version: 1;
  readonly opened: readonly { reference: IReference; id: string | null }[];
  readonly current: number;
}

const NO_HOST: IDatasetsHost = {
  pickFile: null,
  canInsert: () => false,
  insert: () => undefined,
  runRows: null,
  folder: () => ''
};

/** Datasets of prompts, one of them shown. Makes no request until it is visible. */
export class DatasetsModel extends Model {
  constructor(client: DatasetsClient, trans: TranslationBundle) {
    super();
    this._client = client;
    this._trans = trans;
  }

  /** The browser's surroundings. */
  get host(): IDatasetsHost {
    return this._host;
  }

  set host(host: IDatasetsHost) {
    this._host = host;
    this._emit();
  }

  /**
   * Reports that a row is being chosen; returns a function that says whether it is
   * still wanted; see `ISession.claim`.
   */
  claim: () => () => boolean = () => {
    const choice = ++this._choice;
    return () => choice === this._choice;
  };

  /** Named datasets; empty until they are known. */
  get named(): readonly DatasetInfo[] {
    return this._named;
  }

  /** Those that are open, in the order in which they were opened. */
  get opened(): readonly OpenedDataset[] {
    return this._opened;
  }

  /** The shown dataset, or null. */
  get current(): OpenedDataset | null {
    return this._current;
  }

  /** Whether showing it would start the model service. */
  get needsService(): boolean {
    const name = this._current?.reference.name ?? this._named[0]?.name;
    return (
      this._current?.reference.path === undefined &&
      (this._named.find(info => info.name === name)?.needs_service ?? false)
    );
  }

  /** When loading started, in milliseconds since the epoch; null if nothing loads. */
  get loadingSince(): number | null {
    return this._loadingSince;
  }

  /** Why the datasets' names can't be listed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Emitted when the browser should come into view. */
  get revealed(): ISignal<this, void> {
    return this._revealed;
  }

  /** Emitted with a row that the user chose as the prompt. */
  get chosen(): ISignal<this, IChosen> {
    return this._chosen;
  }

  /** Emitted when a row has filled the fields of the prompt. */
  get filled(): ISignal<this, void> {
    return this._filled;
  }

  protected release(): void {
    for (const dataset of this._opened) {
      dataset.dispose();
    }
  }

  /** Load the names. Never rejects. */
  list(): Promise<void> {
    this._listing ??= this._list().finally(() => {
      this._listing = null;
    });
    return this._listing;
  }

  /** Show the dataset that was shown last, or else the first. Never rejects. */
  async load(): Promise<void> {
    await this.list();
    if (this._current === null && this._named.length > 0) {
      await this.open({ name: this._named[0].name });
    } else if (this._current?.state === null && !this._current.problem) {
      await this._current.open();
    }
  }

  /** Show a dataset; if it is already open, as the user left it. */
  async open(reference: IReference): Promise<void> {
    const same = this._opened.find(
      ({ reference: { name, path } }) =>
        name === reference.name && path === reference.path
    );
    this._current = same ?? this._make(reference, null);
    this._emit();
    if (this._current.state === null) {
      await this._current.open();
    }
  }

  /** Show a file's prompts, and the browser. */
  async openFile(path: string): Promise<void> {
    void this.list();
    this._revealed.emit();
    await this.open({ path });
  }

  /** Let the user choose a file, and show it. */
  async pickFile(): Promise<void> {
    const path = (await this._host.pickFile?.()) ?? null;
    if (path !== null) {
      await this.openFile(path);
    }
  }

  /** Close the shown dataset; this loses its unsaved changes. */
  async close(): Promise<void> {
    const closed = this._current;
    if (closed) {
      this._opened = this._opened.filter(dataset => dataset !== closed);
      this._current = this._opened[this._opened.length - 1] ?? null;
      closed.dispose();
      this._emit();
      await this.load();
    }
  }

  /**
   * Open a row as the prompt.
   *
   * @param run - whether to run it at once.
   */
  async analyze(id: number, run = true): Promise<void> {
    if (this._current) {
      await this._choose(this._current, id, run, this.claim());
    }
  }

  /** Fill the fields of the prompt from a row of the shown dataset. */
  fill(prompt: PromptModel, row: DatasetFullRow): void {
    if (this._current) {
      fillFields(prompt, this._current, row);
      this._filled.emit();
    }
  }

  /** Insert a row into the notebook. */
  async insert(id: number): Promise<void> {
    const row = await this._current?.read(id);
    if (row) {
      this._host.insert(row);
    }
  }

  /** What to store over a reload. */
  save(): ReadonlyPartialJSONValue {
    const saved: ISaved = {
      version: 1,
      opened: this._opened.map(({ reference, id }) => ({ reference, id })),
      current: this._current ? this._opened.indexOf(this._current) : -1
    };
    return JSON.parse(JSON.stringify(saved)) as ReadonlyPartialJSONValue;
  }

  /** Restore what was stored; it loads when it is shown. */
  restore(value: unknown): void {
    const saved = value as ISaved | undefined;
    if (saved?.version === 1 && this._opened.length === 0) {
      for (const { reference, id } of saved.opened) {
        this._make(reference, id);
      }
      this._current = this._opened[saved.current] ?? null;
      this._emit();
    }
  }

  private async _list(): Promise<void> {
    if (this._named.length > 0) {
      return;
    }
    this._loadingSince = Date.now();
    this._problem = null;
    this._emit();
    try {
      this._named = await this._client.datasets();
    } catch (reason) {
      if (!isAbort(reason)) {
        this._problem = problemOf(reason, this._trans);
      }
    }
    this._loadingSince = null;
    this._emit();
  }

  private _make(reference: IReference, id: string | null): OpenedDataset {
    const dataset = new OpenedDataset(this._client, reference, this._trans, id);
    dataset.changed.connect(this._emit, this);
    this._opened = [...this._opened, dataset];
    return dataset;
  }

  /** Choose a row as the prompt, if it is still wanted once it is here; returns whether it could be read. */
  private async _choose(
    dataset: OpenedDataset,
    id: number,
    run: boolean,
    isWanted: () => boolean
  ): Promise<boolean> {
    const row = await dataset.read(id);
    // If the user chooses two rows quickly, the last one counts.
    if (row && isWanted()) {
      const source = this._source(dataset, row);
      // A prompt with fields to fill in waits for that.
      this._chosen.emit({ source, run: run && source.isFilled });
    }
    return row !== null;
  }

  /** Run the row before or after another one; returns why not, in words, or null. */
  private async _step(
    dataset: OpenedDataset,
    id: number,
    by: Step
  ): Promise<string | null> {
    const isWanted = this.claim();
    try {
      const row = await dataset.list.beside(id, by);
      if (row === null) {
        return by < 0
          ? this._trans.__('This is the first row.')
          : this._trans.__('This is the last row.');
      }
      if (await this._choose(dataset, row.id, true, isWanted)) {
        return null;
      }
    } catch {
      // The dataset shows why.
    }
    return dataset.problem?.message ?? null;
  }

  private _source(dataset: OpenedDataset, row: DatasetFullRow): DatasetSource {
    const place = [this._trans.__('row %1', row.id)];
    if (row.source) {
      place.push(row.source);
    }
    const reveal = () => {
      if (!dataset.isDisposed) {
        this._current = dataset;
        this._emit();
        this._revealed.emit();
        void dataset.list.reveal(row.id);
      }
    };
    return new DatasetSource(
      dataset,
      row,
      place,
      reveal,
      by => this._step(dataset, row.id, by),
      column => this._trans.__('the column “%1”', column)
    );
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: DatasetsClient;
  private readonly _trans: TranslationBundle;
  private readonly _revealed = new Signal<this, void>(this);
  private readonly _chosen = new Signal<this, IChosen>(this);
  private readonly _filled = new Signal<this, void>(this);
  private _host = NO_HOST;
  private _named: readonly DatasetInfo[] = [];
  private _opened: readonly OpenedDataset[] = [];
  private _current: OpenedDataset | null = null;
  private _listing: Promise<void> | null = null;
  private _loadingSince: number | null = null;
  private _choice = 0;
  private _problem: IProblem | null = null;
}
