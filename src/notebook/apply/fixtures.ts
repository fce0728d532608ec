/** What the specs share: an edit of a text of a notebook, applied. */
import { nullTranslator } from '@jupyterlab/translation';

import type { Turn } from '../../api';
import { fill } from '../../session/template';
import { stringOrigin } from '../origin';
import type { Origin } from '../origin';
import { whole } from '../strings/finder';
import type { INotebookText } from '../strings/finder';
import { pythonFinder } from '../values/fakes';
import { planEdits } from './apply';
import { edited } from './spell';

const options = {
  finder: pythonFinder(),
  trans: nullTranslator.load('lit_lab')
};

/** What an edit is made of. */
export interface ITrial {
  readonly notebook: INotebookText;
  readonly index?: number;
  /** Which of the cell's strings, composed ones left out; or another place in it. */
  readonly which?: number | Origin;
  readonly values?: Readonly<Record<string, string>>;
  /** What becomes of the text. */
  readonly edit: (text: string) => string;
  /** The same for a conversation. */
  readonly turns?: readonly Turn[];
}

/** The cell's source after an edit; or why the edit is refused. */
export async function applied(
  trial: ITrial
): Promise<{ source?: string; reason?: string; value: string }> {
  const { notebook, index = 0, which = 0, values = {}, turns = null } = trial;
  const { finder } = options;
  const found = await finder.find(notebook, index);
  const written = found.filter(({ kind }) => kind !== 'composed');
  const origin =
    typeof which === 'number'
      ? stringOrigin(found, found.indexOf(written[which]))
      : which;
  const text =
    origin.what === 'selection'
      ? whole('selection', notebook.cells[index].source, ...origin.span)
      : found[origin.what === 'string' ? origin.ordinal : 0];
  const place = { notebook, index, origin, text };
  const { value } = fill(text, values);
  const wanted = { values, prompt: trial.edit(value), turns };
  const result = await planEdits(place, wanted, {}, options);
  return 'reason' in result
    ? { reason: result.reason, value }
    : {
        source: edited(notebook.cells[index].source, result.edits),
        value
      };
}

/** A notebook of one code cell. */
export function oneCell(source: string): INotebookText {
  return {
    language: 'python',
    cells: [{ type: 'code', source, count: null }]
  };
}

/** An edit that replaces a part of a text. */
export const replacing = (from: string, to: string) => (text: string) => {
  expect(text).toContain(from);
  return text.replace(from, () => to);
};

/** An edit that adds to a text. */
export const end = (added: string) => (text: string) => text + added;
