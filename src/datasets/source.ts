import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { DatasetFullRow } from '../api';
import type {
  IPromptSource,
  IPromptText,
  ISuggestion
} from '../session/source';
import type { OpenedDataset } from './opened';

/** A row of a dataset as a prompt. It never changes. */
export class DatasetSource implements IPromptSource {
  /**
   * @param dataset - the one that the row is of.
   * @param row - the row.
   * @param place - where in the dataset, in words.
   * @param reveal - shows the row in the dataset browser.
   */
  constructor(
    readonly dataset: OpenedDataset,
    readonly row: DatasetFullRow,
    place: readonly string[],
    reveal: () => void
  ) {
    this.document = dataset.reference.path ?? dataset.name;
    this.place = place;
    this.text = { kind: 'dataset', value: row.prompt, map: [], fields: [] };
    this.target = row.target || null;
    this.reveal = reveal;
  }

  readonly document: string;
  readonly place: readonly string[];
  readonly text: IPromptText;
  readonly target: string | null;
  readonly suggestions: Readonly<Record<string, ISuggestion>> = {};
  readonly link = null;
  readonly reveal: () => void;

  get changed(): ISignal<IPromptSource, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    this._isDisposed = true;
    Signal.clearData(this);
  }

  /** It never changes. */
  async settled(): Promise<void> {
    // Nothing to wait for.
  }

  /** A dataset's prompt stands in no editor. */
  paint(): void {
    // Nothing to shade.
  }

  private readonly _changed = new Signal<this, void>(this);
  private _isDisposed = false;
}
