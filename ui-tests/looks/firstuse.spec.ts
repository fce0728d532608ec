/**
 * The first use of a Gemma model from Kaggle, step by step, for docs/models.md. The fake Kaggle sends the embedded model's
 * weights in place of Gemma's.
 */
import { expect, test } from '@jupyterlab/galata';

import { kaggle, open } from '../servers';
import {
  analyzeAt,
  COLD,
  line,
  openNotebook,
  Panel,
  servicePid,
  TUTORIAL
} from '../tests/lab';
import { widen } from './window';

const PRESET = 'gemma2_instruct_2b_en';

test.use({ viewport: { width: 1440, height: 900 } });
test.describe.configure({ timeout: 300_000 });

test('a first use of Gemma', async ({ page, request, tmpPath }) => {
  const set = (data: object) => request.post(`${kaggle.url}/set`, { data });
  await set({ open: false, agreed: false, pace: 0 });
  await request.delete(`${open.url}/lit-lab/api/kaggle`);
  await request.post(`${open.url}/lit-lab/api/service/start`);
  await servicePid(request);
  await openNotebook(page, tmpPath, TUTORIAL);
  await page.evaluate(async () => {
    const { commands } = window.jupyterapp;
    await commands.execute('application:toggle-left-area');
    await commands.execute('lit-lab:manage-models');
  });
  const panel = new Panel(page);
  await widen(page, panel, 440);
  const models = panel.region.getByRole('region', { name: 'Models' });
  const shoot = async (name: string, part = models) => {
    await page.mouse.move(600, 4);
    await page.waitForTimeout(600);
    await part.screenshot({ path: `screenshots/first-use-${name}.png` });
  };

  await models.getByRole('button', { name: 'Add a model…' }).click();
  const form = models.getByRole('form', { name: 'Add a model' });
  await form.getByLabel('Preset').fill(PRESET);
  await form.getByLabel('Name').fill('gemma2');
  await shoot('add');
  await form.getByRole('button', { name: 'Add' }).click();
  const gemma = models
    .getByRole('list', { name: 'Models', exact: true })
    .getByRole('listitem', { name: 'gemma2' });
  await expect(gemma).toContainText('not downloaded', { timeout: COLD });
  await shoot('added');

  await gemma.getByRole('button', { name: 'Download gemma2' }).click();
  await expect(gemma.getByRole('alert')).toContainText('requires a login', {
    timeout: COLD
  });
  // Without the form, which shows a folder of this machine.
  await shoot('not-logged-in', gemma);

  const login = models.getByRole('form', { name: 'Log in to Kaggle' });
  await login.getByLabel('API token').fill('a-token-for-tests-only');
  await login.getByRole('button', { name: 'Log in' }).click();
  await expect(models).toContainText('Logged in to Kaggle');
  await gemma.getByRole('button', { name: 'Download gemma2' }).click();
  await expect(gemma.getByRole('alert')).toContainText('accepted', {
    timeout: COLD
  });
  await shoot('terms');

  await set({ agreed: true, pace: 0.1 });
  await gemma.getByRole('button', { name: 'Download gemma2' }).click();
  await expect(gemma).toContainText(/\d\s[kM]B of/, { timeout: COLD });
  await shoot('downloading');
  await set({ pace: 0 });
  await expect(gemma.getByRole('button', { name: /^Unload/ })).toBeVisible({
    timeout: COLD
  });
  await gemma.getByRole('radio').check();
  await shoot('loaded');

  await analyzeAt(page, line(page, 'Suggestion: Onion soup'));
  await panel.generate(/./);
  await panel.segments('Answer').last().click();
  await panel.mapped();
  await page.mouse.move(600, 4);
  await page.waitForTimeout(600);
  await page.screenshot({ path: 'screenshots/first-use-map.png' });
  await request.delete(`${open.url}/lit-lab/api/kaggle`);
});
