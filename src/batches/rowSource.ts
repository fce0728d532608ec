import type { BatchFullRow } from '../api';
import { joinTurns } from '../session/conversation';
import { Model } from '../session/model';
import type {
  IPromptSource,
  IPromptText,
  ISuggestion
} from '../session/source';

/** A row of a batch as a prompt. It never changes. */
export class BatchRowSource extends Model implements IPromptSource {
  /**
   * @param document - the dataset's name.
   * @param place - where in the batch, in words.
   * @param reveal - shows the batch.
   */
  constructor(
    row: BatchFullRow,
    readonly document: string,
    readonly place: readonly string[],
    readonly reveal: () => void
  ) {
    super();
    const isText = row.turns.length === 1 && row.turns[0].role === 'user';
    this.text = {
      kind: 'dataset',
      map: [],
      fields: [],
      ...(isText || row.turns.length === 0
        ? { value: row.prompt }
        : joinTurns(row.turns))
    };
    this.target = row.target || null;
  }

  readonly text: IPromptText;
  readonly target: string | null;
  readonly suggestions: Readonly<Record<string, ISuggestion>> = {};
  readonly link = null;

  /** It never changes. */
  async settled(): Promise<void> {
    // Nothing to wait for.
  }

  /** It stands in no editor. */
  paint(): void {
    // Nothing to shade.
  }
}
