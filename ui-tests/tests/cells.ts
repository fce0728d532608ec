/** Notebooks of cells that a spec writes. */
import { expect } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import type { APIRequestContext, Page } from '@playwright/test';

import { COLD, Panel, workspaceOf } from './lab';

/** A notebook of Python cells that haven't run. */
export function notebookOf(sources: readonly string[]) {
  const kernelspec = {
    name: 'python3',
    display_name: 'Python 3',
    language: 'python'
  };
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec, language_info: { name: 'python' } },
    cells: sources.map((source, i) => ({
      id: `cell-${i}`,
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source
    }))
  };
}

/** Write a notebook of these cells, and open it on a page that isn't Galata's. */
export async function openCells(
  page: Page,
  request: APIRequestContext,
  name: string,
  sources: readonly string[]
): Promise<void> {
  await request.put(`/api/contents/${name}.ipynb`, {
    data: { type: 'notebook', format: 'json', content: notebookOf(sources) }
  });
  await page.goto(`/lab/workspaces/${workspaceOf(name)}/tree/${name}.ipynb`);
  await expect(page.locator('.jp-Notebook .jp-Cell').last()).toBeVisible({
    timeout: COLD
  });
}

/** Open a notebook of one cell without a kernel, and analyze the cell's prompt. */
export async function analyzeCell(
  page: IJupyterLabPageFixture,
  tmpPath: string,
  source: string
): Promise<Panel> {
  const path = `${tmpPath}/cell.ipynb`;
  const notebook = { ...notebookOf([source]), metadata: {} };
  await page.contents.uploadContent(JSON.stringify(notebook), 'text', path);
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('docmanager:open', { path });
  }, path);
  await page
    .getByRole('dialog')
    .getByRole('button', { name: 'No Kernel' })
    .click();
  await expect(page.getByRole('main').locator('.jp-Notebook')).toBeVisible();
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:analyze-prompt');
  });
  return new Panel(page);
}
