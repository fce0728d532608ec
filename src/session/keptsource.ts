import type { RunRecord } from '../api';
import { joinTurns } from './conversation';
import type { IPromptSource, IPromptText, ISuggestion } from './source';
import { Model } from './model';

/** The prompt of an earlier run. It never changes. */
export class KeptSource extends Model implements IPromptSource {
  /**
   * @param place - shown if the run doesn't say where its prompt came from.
   * @param reveal - opens a document.
   */
  constructor(
    run: RunRecord,
    place: string,
    reveal: (document: string) => void
  ) {
    super();
    const { document, place: within } = run.origin ?? {
      document: '',
      place: [place]
    };
    this.document = document;
    this.place = within;
    // One that was exported earlier doesn't tell: there were no conversations.
    const { turns = [] } = run as Partial<RunRecord>;
    this.text = {
      kind: 'history',
      value: run.prompt,
      map: [],
      fields: [],
      ...(turns.length > 0 && joinTurns(turns))
    };
    this.reveal = () => reveal(document);
  }

  readonly document: string;
  readonly place: readonly string[];
  readonly text: IPromptText;
  readonly suggestions: Readonly<Record<string, ISuggestion>> = {};
  readonly link = null;
  readonly reveal: () => void;

  /** It never changes. */
  async settled(): Promise<void> {
    // Nothing to wait for.
  }

  /** The text in the document may have changed. */
  paint(): void {
    // Nothing to shade.
  }
}
