import type { DatasetEdit, DatasetFullRow } from '../api';
import { Model } from '../session/model';
import type {
  IPromptSource,
  IPromptText,
  ISuggestion
} from '../session/source';
import type { OpenedDataset } from './opened';

/**
 * A row of a dataset as a prompt. It follows changes of the row, and is gone
 * once the row was deleted, or its dataset was closed or read anew: a row of the
 * same number may be another one then.
 */
export class DatasetSource extends Model implements IPromptSource {
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
    super();
    this.place = place;
    this._text = textOf(row.prompt);
    this.target = row.target || null;
    this.reveal = reveal;
    dataset.edited.connect(this._onEdited, this);
  }

  readonly place: readonly string[];
  readonly target: string | null;
  readonly suggestions: Readonly<Record<string, ISuggestion>> = {};
  readonly link = null;
  readonly reveal: () => void;

  /** A dataset that is saved under another name goes on under that. */
  get document(): string {
    return this.dataset.reference.path ?? this.dataset.name;
  }

  get text(): IPromptText | null {
    return this._isThere ? this._text : null;
  }

  protected release(): void {
    this.dataset.edited.disconnect(this._onEdited, this);
  }

  /** Changes are signalled at once. */
  async settled(): Promise<void> {
    // Nothing to wait for.
  }

  /** A dataset's prompt stands in no editor. */
  paint(): void {
    // Nothing to shade.
  }

  private _onEdited(_: OpenedDataset, edit: DatasetEdit | null): void {
    if (edit === null) {
      this._isThere = false;
      // No later edit is of this row, whatever its number.
      this.dataset.edited.disconnect(this._onEdited, this);
    } else if (edit.kind !== 'add' && edit.row === this.row.id) {
      if (edit.kind === 'delete' || edit.kind === 'restore') {
        this._isThere = edit.kind === 'restore';
      } else if (edit.kind === 'change') {
        this._text = textOf(edit.prompt ?? this._text.value);
      }
    }
    this._changed.emit();
  }

  private _text: IPromptText;
  private _isThere = true;
}

function textOf(prompt: string): IPromptText {
  return { kind: 'dataset', value: prompt, map: [], fields: [] };
}
