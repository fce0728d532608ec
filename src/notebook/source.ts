import type { ICellModel } from '@jupyterlab/cells';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { INotebookModel, INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Debouncer } from '@lumino/polling';

import { Model } from '../session/model';
import { problemOf } from '../session/problem';
import type { IProblem } from '../session/problem';
import type {
  IKernelAnswer,
  IPromptEdit,
  IPromptSource,
  IPromptText,
  IShade,
  ISuggestion,
  Span
} from '../session/source';
import { valuesFromKernel } from './kernel/values';
import { kindName } from './kinds';
import { keepLink } from './link';
import { moveOrigin } from './origin';
import type { Origin, SourceDelta } from './origin';
import { readText } from './read';
import { goTo } from './scroll';
import { TextShades } from './shades';
import type { StringFinder } from './strings/finder';
import type { IFoundText } from './strings/types';
import { cellIndex, onlyCell, readNotebook } from './text';

/** How long the notebook must be quiet before its text is read again, in ms. */
const QUIET = 150;

/**
 * A text in a notebook's cell, followed through edits, moves and deletion of
 * its cell, and through closing and opening its notebook.
 *
 * All is read from the notebook's model: the cell may be off screen, and no
 * kernel is asked but by `askKernel`.
 */
export class NotebookSource extends Model implements IPromptSource {
  /** Make a source whose text has been read. */
  static async create(
    options: NotebookSource.IOptions
  ): Promise<NotebookSource> {
    const source = new NotebookSource(options);
    await source._refresh();
    return source;
  }

  private constructor(options: NotebookSource.IOptions) {
    super();
    this._options = options;
    this._origin = options.origin;
    this._cellId = options.cellId;
    this._source = options.source ?? '';
    this._document = options.panel.context.path;
    this._shades = new TextShades(options.tracker, () => ({
      document: this._document,
      cellId: this._cellId,
      cellType: this._cell?.type,
      source: this._source,
      origin: this._origin,
      text: this._text
    }));
    this._debouncer = new Debouncer(() => this._refresh(), QUIET);
    options.tracker.widgetAdded.connect(this._onNotebookOpened, this);
    this._bind(options.panel);
  }

  get document(): string {
    return this._document;
  }

  get place(): readonly string[] {
    return this._place;
  }

  get text(): IPromptText | null {
    return this._text;
  }

  get suggestions(): Readonly<Record<string, ISuggestion>> {
    return this._suggestions;
  }

  get link(): ReadonlyPartialJSONObject | null {
    return keepLink({
      path: this._document,
      cellId: this._cellId,
      origin: this._origin,
      source: this._source
    });
  }

  /** Clear the shades and stop following. */
  protected release(): void {
    this._shades.clear();
    this._debouncer.dispose();
    this._panel = null;
    this._cell = null;
  }

  /**
   * Read edits now, without waiting until they pause. An edit or another reading may overtake
   * this one, which then has no result: the newest reading counts.
   */
  async settled(): Promise<void> {
    let reading = this._refresh();
    while (!(await reading)) {
      reading = this._reading === reading ? this._refresh() : this._reading;
    }
  }

  async askKernel(): Promise<IKernelAnswer> {
    await this.settled();
    const model = this._panel?.content.model;
    const { finder, trans } = this._options;
    const notebook = model ? readNotebook(model) : { cells: [], language: '' };
    return valuesFromKernel(
      this._panel?.sessionContext.session?.kernel,
      this._text,
      notebook,
      model ? cellIndex(model, this._cellId) : -1,
      await finder.trees(notebook),
      trans
    );
  }

  reveal(): void {
    const { docManager, activate } = this._options;
    const panel = this._panel ?? docManager?.openOrReveal(this._document);
    if (!(panel instanceof NotebookPanel)) {
      return;
    }
    activate(panel.id);
    void panel.context.ready.then(() =>
      goTo(panel, this._cellId, this._origin)
    );
  }

  show(
    prompt: string,
    values: Readonly<Record<string, string>>,
    span: Span
  ): void {
    if (this._panel?.isVisible) {
      void this._shades.show(this._panel, { prompt, values }, span);
    }
  }

  async apply(edit: IPromptEdit): Promise<IProblem | null> {
    const { trans } = this._options;
    try {
      const { applyEdit } = await import('./apply/refuse');
      await this.settled();
      return await applyEdit(edit, {
        ...this._options,
        model: this._panel?.content.model ?? null,
        cell: this._cell,
        origin: this._origin,
        text: this._text,
        suggestions: this._suggestions,
        onWritten: async origin => {
          this._origin = origin;
          await this.settled();
        }
      });
    } catch (reason) {
      console.error('lit-lab: an edit could not be applied', reason);
      return problemOf(reason, trans);
    }
  }

  paint(
    prompt: string,
    values: Readonly<Record<string, string>>,
    shades: readonly IShade[] | null
  ): void {
    this._shades.set(shades && { prompt, values, shades });
  }

  /** Follow the notebook that a view shows. */
  private _bind(panel: NotebookPanel): void {
    const model = panel.content.model;
    if (model === null) {
      return;
    }
    this._panel = panel;
    panel.disposed.connect(this._onViewClosed, this);
    panel.context.pathChanged.connect(this._onRenamed, this);
    model.contentChanged.connect(this._onContentChanged, this);
    this._watchCell(model);
  }

  /** Follow the model of our cell; undoing its deletion makes a new one. */
  private _watchCell(model: INotebookModel): number {
    let index = cellIndex(model, this._cellId);
    if (index === -1) {
      // Cut and pasted, or of an older notebook, where each opening of the
      // file makes new ids: the only cell with the same source is meant.
      index = onlyCell(model, this._source);
      this._cellId = index === -1 ? this._cellId : model.cells.get(index).id;
    }
    const cell = index === -1 ? null : model.cells.get(index);
    if (cell !== this._cell) {
      this._cell?.sharedModel.changed.disconnect(this._onCellChanged, this);
      cell?.sharedModel.changed.connect(this._onCellChanged, this);
      this._cell = cell;
    }
    return index;
  }

  private _onCellChanged(
    _: unknown,
    change: { readonly sourceChange?: SourceDelta }
  ): void {
    if (change.sourceChange) {
      this._origin = moveOrigin(this._origin, change.sourceChange);
      // What is being read belongs to the previous text.
      this._version++;
      this._invoke();
    }
  }

  private _onContentChanged(): void {
    this._invoke();
  }

  private _onRenamed(_: unknown, path: string): void {
    this._document = path;
    this._changed.emit();
  }

  /** Follow another view of the notebook, or wait for one. */
  private _onViewClosed(): void {
    if (this.isDisposed) {
      return;
    }
    this._panel = null;
    this._cell = null;
    const other = this._options.tracker.find(
      panel => !panel.isDisposed && panel.context.path === this._document
    );
    if (other) {
      this._bind(other);
    }
  }

  private _onNotebookOpened(_: unknown, panel: NotebookPanel): void {
    void panel.context.ready.then(() => {
      if (
        this.isDisposed ||
        panel.isDisposed ||
        panel.context.path !== this._document
      ) {
        return;
      }
      if (this._panel === null) {
        this._bind(panel);
      }
      this._invoke();
    });
  }

  private _invoke(): void {
    if (!this.isDisposed) {
      // A refresh that a later one overtakes is no error.
      this._debouncer.invoke().catch(error => {
        if (!this.isDisposed) {
          console.error('lit-lab: a cell could not be read', error);
        }
      });
    }
  }

  /** Read the text again. Returns whether nothing has overtaken this reading. */
  private _refresh(): Promise<boolean> {
    this._reading = this._read();
    return this._reading;
  }

  /** Read the text; emits `changed` if it differs. */
  private async _read(): Promise<boolean> {
    const model = this._panel?.content.model;
    if (!model || this.isDisposed) {
      return true;
    }
    const version = ++this._version;
    const isWanted = () => version === this._version && !this.isDisposed;
    const { finder, trans } = this._options;
    const index = this._watchCell(model);
    const notebook = readNotebook(model);
    const cell = index === -1 ? null : notebook.cells[index];
    const { text, origin } =
      this._cell === null
        ? { text: null, origin: this._origin }
        : await readText(
            this._origin,
            this._cell,
            notebook,
            index,
            this._options,
            isWanted
          );
    const suggestions =
      text === null
        ? this._suggestions // The last text stays, and its values with it.
        : await finder.suggest(notebook, index, text, isWanted);
    if (!isWanted()) {
      return this.isDisposed;
    }
    this._origin = origin;
    const place =
      cell === null
        ? this._place
        : [
            trans.__('cell %1', index + 1),
            ...(text === null
              ? this._place.slice(1)
              : [kindName(text.kind, trans)])
          ];
    const before = JSON.stringify([this._text, this._place, this._suggestions]);
    this._text = text;
    this._place = place;
    this._suggestions = suggestions;
    this._source = cell?.source ?? this._source;
    this._shades.repaint();
    if (JSON.stringify([text, place, suggestions]) !== before) {
      this._changed.emit();
    }
    return true;
  }

  private readonly _options: NotebookSource.IOptions;
  private readonly _shades: TextShades;
  private readonly _debouncer: Debouncer<boolean>;
  private _cellId: string;
  private _origin: Origin;
  private _panel: NotebookPanel | null = null;
  private _reading: Promise<boolean> = Promise.resolve(true);
  private _cell: ICellModel | null = null;
  private _document: string;
  private _place: readonly string[] = [];
  private _text: IFoundText | null = null;
  private _suggestions: Readonly<Record<string, ISuggestion>> = {};
  /** The cell's source that `_text` was found in. */
  private _source: string;
  private _version = 0;
}

/** A namespace for `NotebookSource`'s types. */
export namespace NotebookSource {
  /** What a source needs. */
  export interface IOptions {
    readonly tracker: INotebookTracker;
    readonly finder: StringFinder;
    readonly trans: TranslationBundle;
    /** Opens the notebook again when it was closed. */
    readonly docManager: IDocumentManager | null;
    /** Bring a main area's widget to the front. */
    readonly activate: (id: string) => void;
    readonly panel: NotebookPanel;
    readonly cellId: string;
    readonly origin: Origin;
    /** The cell's source, to find it by when its id is another by now. */
    readonly source?: string;
  }
}
