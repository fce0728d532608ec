import { NotebookActions } from '@jupyterlab/notebook';
import type { NotebookPanel } from '@jupyterlab/notebook';

import { pythonLiteral } from './literal';

/**
 * Insert a prompt below a notebook's active cell: as a Python string if the notebook
 * is in Python, else as a raw cell, which means the same in any language.
 */
export function insertPrompt(panel: NotebookPanel, prompt: string): void {
  const { content } = panel;
  const model = content.model;
  if (!model) {
    return;
  }
  const language =
    (model.getMetadata('language_info') as { name?: string } | undefined)
      ?.name ?? model.defaultKernelLanguage;
  NotebookActions.insertBelow(content);
  if (language === 'python') {
    content.activeCell?.model.sharedModel.setSource(
      `prompt = ${pythonLiteral(prompt)}`
    );
  } else {
    NotebookActions.changeCellType(content, 'raw');
    content.activeCell?.model.sharedModel.setSource(prompt);
  }
  const cell = content.activeCell;
  if (cell) {
    void content.scrollToCell(cell, 'center');
  }
}
