import { Dialog, showDialog } from '@jupyterlab/apputils';
import { isCodeCellModel } from '@jupyterlab/cells';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';

import type { ISession } from '../session/tokens';
import { candidatesOf, meant } from './candidates';
import type { ICellTexts } from './candidates';
import type { Origin } from './origin';
import { outputText } from './outputs';
import { pickCandidate } from './picker';
import type { IPlaceAsked } from './pointer';
import { NotebookSource } from './source';
import type { StringFinder } from './strings/finder';
import { cellIndex, readNotebook } from './text';

/** What `analyze` needs. */
export interface IAnalyzeOptions {
  readonly tracker: INotebookTracker;
  readonly session: ISession;
  readonly finder: StringFinder;
  readonly docManager: IDocumentManager | null;
  readonly trans: TranslationBundle;
  readonly activate: (id: string) => void;
}

/**
 * Analyze the text that is meant at a place, asking when several may be.
 *
 * A cell without text says so.
 */
export async function analyze(
  asked: IPlaceAsked,
  options: IAnalyzeOptions
): Promise<void> {
  const { panel, cell } = asked;
  const { session, trans } = options;
  const cellId = cell.model.id;
  const isWanted = session.claim();
  const texts = await readCell(asked, options);
  if (texts === null) {
    return;
  }
  const candidates = candidatesOf(texts);
  let origin: Origin | null = meant(asked, texts, candidates);
  if (origin === null && candidates.length === 0) {
    await showDialog({
      title: trans.__('No text to analyze'),
      body:
        texts.type === 'code'
          ? trans.__(
              'This cell has no text to analyze: no string in its source, and no text among its outputs. Write the prompt as a string, select some text, or right-click another cell.'
            )
          : trans.__(
              'This cell is empty. Write the prompt into it, or right-click another cell.'
            ),
      buttons: [Dialog.okButton({ label: trans.__('Close') })]
    });
    return;
  }
  origin ??= (await pickCandidate(candidates, trans))?.origin ?? null;
  if (origin === null || panel.isDisposed) {
    return;
  }
  const source = await NotebookSource.create({
    ...options,
    panel,
    cellId,
    origin
  });
  // Reading takes a while: another prompt may have been chosen since.
  if (isWanted()) {
    session.open(source);
  } else {
    source.dispose();
  }
}

/** The texts of a cell; null when it is gone. */
async function readCell(
  { panel, cell }: IPlaceAsked,
  { finder, trans }: IAnalyzeOptions
): Promise<ICellTexts | null> {
  const model = panel.content.model;
  const index = model === null ? -1 : cellIndex(model, cell.model.id);
  if (model === null || index === -1) {
    return null;
  }
  const notebook = readNotebook(model);
  const python = await finder.parser('python');
  const outputs: (string | null)[] = [];
  if (isCodeCellModel(cell.model)) {
    for (let at = 0; at < cell.model.outputs.length; at++) {
      const output = cell.model.outputs.get(at).toJSON();
      outputs.push(outputText(output, python, trans));
    }
  }
  const found = await finder.find(notebook, index);
  const { source } = notebook.cells[index];
  return { type: cell.model.type, source, found, outputs };
}
