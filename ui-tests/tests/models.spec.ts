/** The model manager: a model added, downloaded from a fake Kaggle, used, unloaded and removed. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from './galata';
import type { APIRequestContext, Locator } from '@playwright/test';

import { kaggle, open } from '../servers';
import { COLD, Panel, servicePid } from './lab';

const PRESET = 'kaggle://lab/gemma-tiny/keras/tiny';
const TOKEN = 'a-token-for-tests-only';

async function setKaggle(request: APIRequestContext, what: object) {
  await request.post(`${kaggle.url}/set`, { data: what });
}

async function openManager(page: IJupyterLabPageFixture): Promise<Locator> {
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:manage-models');
  });
  return new Panel(page).region.getByRole('region', { name: 'Models' });
}

function row(manager: Locator, name: string): Locator {
  return manager
    .getByRole('list', { name: 'Models', exact: true })
    .getByRole('listitem', { name });
}

/** Open the form that adds a model. */
async function openForm(manager: Locator): Promise<Locator> {
  const form = manager.getByRole('form', { name: 'Add a model' });
  const button = manager.getByRole('button', { name: 'Add a model…' });
  // Models found on the disk appear in the list, and may move the button while it is pressed.
  await expect(async () => {
    if (!(await form.isVisible())) {
      await button.click();
    }
    await expect(form).toBeVisible({ timeout: 2_000 });
  }).toPass();
  return form;
}

async function addModel(manager: Locator, path: string, name: string) {
  const form = await openForm(manager);
  await form.getByLabel('Preset').fill(path);
  await form.getByLabel('Name').fill(name);
  await form.getByRole('button', { name: 'Add' }).click();
}

test.beforeEach(async ({ request }) => {
  await setKaggle(request, {
    agreed: true,
    corrupt: false,
    pace: 0,
    cut: null,
    hold: null
  });
  await request.post(`${open.url}/lit-lab/api/service/start`);
  await servicePid(request);
});

test.afterEach(async ({ request }) => {
  const api = `${open.url}/lit-lab/api`;
  await request.delete(`${api}/kaggle`);
  const { models } = await (await request.get(`${api}/models`)).json();
  for (const { name, added } of models) {
    if (added) {
      const data = { change: { kind: 'remove', name } };
      await request.post(`${api}/models/change`, { data });
    }
  }
});

test('models are refused, added, downloaded after a login, used, unloaded and removed', async ({
  page,
  request
}, testInfo) => {
  test.slow();
  const manager = await openManager(page);

  await test.step('what is refused, or not complete, says so in place, and keeps what was typed', async () => {
    await addModel(manager, 'gemma9', 'mine');
    const form = manager.getByRole('form', { name: 'Add a model' });
    await expect(form.getByRole('alert')).toContainText('no preset gemma9');
    await expect(form.getByLabel('Preset')).toHaveValue('gemma9');
    await form.getByLabel('Preset').fill('/etc');
    await form.getByRole('button', { name: 'Add' }).click();
    await expect(form.getByRole('alert')).toContainText('outside the folder');

    // Incomplete paths, without a name.
    await form.getByLabel('Name').fill('');
    for (const [path, says] of [
      ['hf://', 'lacks the owner and model'],
      ['hf://owner', 'lacks the model'],
      ['kaggle://keras/gemma2', 'lacks the framework (keras) and variation'],
      ['mine:', 'no path after “mine:”'],
      ['/', 'gives no name'],
      ['~nobodyhere', 'has no ~nobodyhere'],
      ['gema2_2b_en', 'Did you mean gemma2_2b_en']
    ]) {
      await form.getByLabel('Preset').fill(path);
      await form.getByRole('button', { name: 'Add' }).click();
      await expect(form.getByRole('alert')).toContainText(says);
      await expect(form.getByRole('alert')).not.toContainText(
        /Reload|String should|internal/
      );
    }
    await manager.screenshot({ path: testInfo.outputPath('manager.png') });
    await expect(form.getByLabel('Preset')).toHaveValue('gema2_2b_en');
    await form.getByLabel('Preset').press('Escape');
    await expect(form).toHaveCount(0);
    await expect(row(manager, 'demo')).toContainText('loaded');
  });

  await test.step('a model is added, downloaded after a login, used, unloaded and removed', async () => {
    // More than kagglehub's chunk of a megabyte, but less than the whole file.
    await setKaggle(request, { hold: 1_200_000 });
    await addModel(manager, PRESET, 'tiny');
    const tiny = row(manager, 'tiny');
    await expect(tiny).toContainText('not downloaded');
    await expect(
      tiny.getByRole('link', { name: 'Gemma Terms of Use' })
    ).toHaveAttribute('href', 'https://ai.google.dev/gemma/terms');

    await tiny.getByRole('button', { name: 'Download tiny' }).click();
    await expect(tiny.getByRole('alert')).toContainText('requires a login');
    await expect(
      tiny.getByRole('link', { name: 'kaggle.com/settings' })
    ).toBeVisible();
    const login = manager.getByRole('form', { name: 'Log in to Kaggle' });
    await login.getByLabel('API token').fill(TOKEN);
    const sent = page.waitForResponse(/lit-lab\/api\/kaggle/);
    await login.getByRole('button', { name: 'Log in' }).click();
    expect(await (await sent).text()).not.toContain(TOKEN);
    await expect(manager).toContainText('Logged in to Kaggle, until Jupyter');

    await tiny.getByRole('button', { name: 'Download tiny' }).click();
    await expect(tiny.getByRole('progressbar')).toBeVisible({ timeout: COLD });
    await expect(tiny).toContainText(/\d\s[kM]B of \d\.\d\sMB/);
    await tiny.getByRole('button', { name: 'Stop downloading tiny' }).click();
    await expect(tiny).toContainText('the downloaded part stays');
    await setKaggle(request, { hold: null });
    await tiny.getByRole('button', { name: 'Download tiny' }).click();
    await expect(tiny).toContainText('loaded', { timeout: COLD });
    await expect(tiny.getByRole('button', { name: 'Unload tiny' })).toBeVisible(
      {
        timeout: COLD
      }
    );
    await expect(tiny).toContainText('1.0 million weights');
    await expect(tiny).toContainText('float32 on CPU');

    await tiny.getByRole('radio').check();
    const panel = new Panel(page);
    await expect(panel.region.getByLabel('Model', { exact: true })).toHaveValue(
      'tiny'
    );
    await tiny
      .getByRole('button', { name: 'Load with other settings… (tiny)' })
      .click();
    const form = tiny.getByRole('form');
    await form.getByLabel('Precision').selectOption('bfloat16');
    await form.getByLabel('Limit, in tokens').fill('128');
    await form.getByRole('button', { name: 'Load' }).click();
    await expect(tiny).toContainText('bfloat16 on CPU', { timeout: COLD });
    await expect(tiny).toContainText('128 tokens');
    await tiny.getByRole('button', { name: 'Unload tiny' }).click();
    await expect(tiny).toContainText('not loaded');
    await tiny.getByRole('button', { name: 'Remove tiny' }).click();
    await expect(tiny).toHaveCount(0);
    // Its files stay, and the list offers them: one click loads the model.
    const found = manager.getByRole('list', { name: 'Models on this machine' });
    await expect(found).toContainText('Kaggle · Gemma · ');
    await found.getByRole('button', { name: 'Load tiny' }).click();
    await expect(row(manager, 'tiny')).toContainText('float32 on CPU', {
      timeout: COLD
    });
    await expect(found.getByRole('button', { name: 'Load tiny' })).toHaveCount(
      0
    );
    await expect(panel.region).toContainText('demo');
  });
});
