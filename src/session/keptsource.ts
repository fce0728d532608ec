import type { RunRecord } from '../api';
import { joinTurns } from './conversation';
import type { IPromptSource, IPromptText, ISuggestion } from './source';
import { Model } from './model';

/** The source of an earlier run's prompt. It never changes. */
export class KeptSource extends Model implements IPromptSource {
  /**
   * @param place - the place to show if the run doesn't name the origin of its prompt.
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
    // Runs that earlier versions exported lack this field, since there were no conversations.
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
