import type { DatasetEdit, DatasetFullRow, DatasetState, Turn } from '../api';
import { joinTurns } from '../session/conversation';
import { Model } from '../session/model';
import type {
  IPromptSource,
  IPromptText,
  ISuggestion,
  Step
} from '../session/source';
import { columnOf, fieldsIn, valuesOf } from './fields';
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
   * @param step - chooses the row before or after it.
   * @param from - where a column's value was found, in words.
   */
  constructor(
    readonly dataset: OpenedDataset,
    readonly row: DatasetFullRow,
    place: readonly string[],
    reveal: () => void,
    readonly step: (by: Step) => Promise<string | null>,
    private readonly _from: (column: string) => string = column => column
  ) {
    super();
    this.place = place;
    this._text = textOf(row.prompt, row.turns);
    this._state = dataset.state;
    this._suggestions = this._suggest();
    this.target = row.target || null;
    this.reveal = reveal;
    dataset.edited.connect(this._onEdited, this);
  }

  readonly place: readonly string[];
  readonly target: string | null;
  readonly link = null;
  readonly reveal: () => void;

  /** A dataset that is saved under another name goes on under that. */
  get document(): string {
    return this.dataset.reference.path ?? this.dataset.name;
  }

  get text(): IPromptText | null {
    return this._isThere ? this._text : null;
  }

  /** Values of the columns that the prompt's fields name. */
  get suggestions(): Readonly<Record<string, ISuggestion>> {
    return this._suggestions;
  }

  /** Whether each of the prompt's fields has a value. */
  get isFilled(): boolean {
    const { suggestions } = this;
    return this._text.fields.every(({ name }) =>
      Object.hasOwn(suggestions, name)
    );
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
        // The server changes no conversation's prompt.
        this._text = textOf(edit.prompt ?? this._text.value, this.row.turns);
        this._suggestions = this._suggest();
      }
    }
    this._changed.emit();
  }

  private _suggest(): Record<string, ISuggestion> {
    const found: Record<string, ISuggestion> = {};
    if (this._state) {
      const values = valuesOf(this.row, this._state);
      const { columns, chosen } = this._state;
      // The prompt itself fills none of its fields.
      const others = columns.filter(column => column !== chosen.prompt);
      for (const { name } of this._text.fields) {
        const column = columnOf(name, others, this.dataset.reference.fields);
        if (column !== null && Object.hasOwn(values, column)) {
          found[name] = { value: values[column], from: this._from(column) };
        }
      }
    }
    return found;
  }

  /** The columns as they were when the row was read. */
  private readonly _state: DatasetState | null;
  private _suggestions: Readonly<Record<string, ISuggestion>>;
  private _text: IPromptText;
  private _isThere = true;
}

/** A row's text; of a conversation with more than a user's turn, with its turns. */
function textOf(prompt: string, turns: readonly Turn[]): IPromptText {
  const text = { kind: 'dataset' as const, map: [], fields: fieldsIn(prompt) };
  const isText = turns.length === 1 && turns[0].role === 'user';
  const joined = joinTurns(isText ? [] : turns);
  return joined.turns.length > 0 && joined.value === prompt
    ? { ...text, ...joined }
    : { ...text, value: prompt };
}
