/** Values of a prompt's fields from a running kernel, which nothing contacts before the user requests them. */
import { expect, test } from './galata';

import { notebookOf } from './cells';
import { analyzeAt, COLD, line, Panel } from './lab';

const CELLS = [
  'import random\nrows = [1]\ntown = random.choice(["Rome"])\nratio = 1 / 3\nclass str: pass',
  'prompt = f"Is {town} in {land}? {ratio:.2f} of {rows}, {rows[0]}"',
  'ran = 1\nimport time\ntime.sleep(3600)'
];

test('a kernel gives values when it is asked to', async ({ page, tmpPath }) => {
  test.slow();
  const path = `${tmpPath}/kernel.ipynb`;
  await page.contents.uploadContent(
    JSON.stringify(notebookOf(CELLS)),
    'text',
    path
  );
  await page.evaluate(async path => {
    await window.jupyterapp.commands.execute('docmanager:open', { path });
  }, path);
  await analyzeAt(page, line(page, 'Is {town} in'));
  const panel = new Panel(page);
  const take = panel.region.getByRole('button', {
    name: 'Take values from the kernel'
  });
  const field = (name: string) => panel.variable(name);
  await expect(field('town')).toHaveValue('');
  await expect(field('town')).toHaveAccessibleDescription(/built at run time/);
  // JupyterLab drops cells that are run while the kernel starts.
  await expect(
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
  ).toBeVisible({ timeout: COLD });
  // The next key goes to the wrong place until the panel has the focus.
  await expect(panel.region.locator(':focus')).toHaveCount(1);

  await test.step('values come, or the reason why not', async () => {
    await line(page, 'import random').click();
    await page.keyboard.press('Control+Enter');
    const first = page.locator('.jp-CodeCell').first();
    await expect(first.locator('.jp-InputPrompt')).toHaveText('[1]:', {
      timeout: COLD
    });
    // Running the cell alone changes nothing.
    await expect(field('town')).toHaveValue('');
    await take.click();
    await expect(field('town')).toHaveValue('Rome');
    await expect(field('town')).toHaveAccessibleDescription('from the kernel');
    await expect(field('ratio:.2f')).toHaveValue('0.33');
    await expect(field('land')).toHaveAccessibleDescription(/not defined/);
    await expect(field('rows')).toHaveAccessibleDescription(/a list/);
    await expect(field('rows[0]')).not.toHaveAccessibleDescription(/kernel/);
    await expect(first.locator('.jp-InputPrompt')).toHaveText('[1]:');
    await expect(first.locator('.jp-OutputArea-output')).toHaveCount(0);
  });

  await test.step('a busy kernel keeps nobody waiting', async () => {
    await line(page, 'time.sleep').click();
    await page.keyboard.press('Control+Enter');
    await expect(
      page.locator('.jp-CodeCell').last().locator('.jp-InputPrompt')
    ).toHaveText('[*]:');
    await take.click();
    await expect(panel.region.getByText('the kernel is busy')).toBeVisible();
    await expect(field('town')).toHaveValue('Rome');
  });
});
