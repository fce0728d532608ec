/** Screenshots of the model manager. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { kaggle, open } from '../servers';
import { Panel, servicePid } from '../tests/lab';
import { widen } from './window';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 240_000 });

async function shoot(page: IJupyterLabPageFixture, name: string) {
  await page.mouse.move(600, 4);
  await page.waitForTimeout(600);
  await page.screenshot({
    path: `screenshots/models-${name}.png`,
    clip: { x: 900, y: 0, width: 540, height: 1000 }
  });
}

test('models', async ({ page, request }) => {
  const api = `${open.url}/lit-lab/api`;
  const change = (data: object) =>
    request.post(`${api}/models/change`, { data: { change: data } });
  const tell = async (wanted: string) =>
    expect
      .poll(
        async () => {
          const { models } = await (await request.get(`${api}/models`)).json();
          return models.map((m: { state: string }) => m.state).join();
        },
        { timeout: 90_000 }
      )
      .toContain(wanted);
  await request.post(`${open.url}/lit-lab/api/service/start`);
  await servicePid(request);
  const set = (data: object) => request.post(`${kaggle.url}/set`, { data });
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:manage-models');
  });
  const panel = new Panel(page);
  const manager = panel.region.getByRole('region', { name: 'Models' });
  await expect(manager.getByRole('radio').first()).toBeVisible();
  await widen(page, panel, 420);
  await shoot(page, 'one');
  await change({
    kind: 'add',
    name: 'gemma2',
    path: 'gemma2_instruct_2b_en'
  });
  await change({
    kind: 'add',
    name: 'tiny',
    path: 'kaggle://lab/gemma-tiny/keras/tiny'
  });
  await page.waitForTimeout(13_000);
  await shoot(page, 'absent');
  await change({ kind: 'download', name: 'tiny' });
  await tell('failed');
  await page.waitForTimeout(13_000);
  await manager
    .getByRole('listitem', { name: 'tiny' })
    .scrollIntoViewIfNeeded();
  await shoot(page, 'login');
  await request.post(`${api}/kaggle`, {
    data: { login: { token: 'a-token-for-tests-only' }, save: false }
  });
  await set({ agreed: false });
  await change({ kind: 'download', name: 'tiny' });
  await tell('failed');
  await page.waitForTimeout(13_000);
  await shoot(page, 'terms');
  await set({ agreed: true, pace: 0.1 });
  await change({ kind: 'download', name: 'tiny' });
  await tell('downloading');
  await page.waitForTimeout(14_000);
  await shoot(page, 'downloading');
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {
      theme: 'JupyterLab Dark'
    });
  });
  await page.waitForTimeout(1500);
  await shoot(page, 'downloading-dark');
  await set({ pace: 0 });
  await tell('ready,absent,ready');
  await manager.getByRole('radio').nth(1).check();
  await page.waitForTimeout(13_000);
  await shoot(page, 'ready-dark');
  await panel.show('Analysis');
  await shoot(page, 'chosen-absent-dark');
  await panel.show('Models');
  await manager
    .getByRole('button', { name: 'Load with other settings… (tiny)' })
    .click();
  await shoot(page, 'other-settings-dark');
  await page.keyboard.press('Escape');
  await widen(page, panel, 260);
  await manager.getByRole('button', { name: 'Add a model…' }).click();
  await shoot(page, 'narrow-dark');
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('apputils:change-theme', {
      theme: 'JupyterLab Light'
    });
  });
  await page.waitForTimeout(1500);
  await shoot(page, 'narrow');
  await change({ kind: 'remove', name: 'tiny' });
  await change({ kind: 'remove', name: 'gemma2' });
  await request.delete(`${api}/kaggle`);
});

test('no room', async ({ page, request }) => {
  await request.post(`${open.url}/lit-lab/api/service/start`);
  await servicePid(request);
  // No machine is too small for the embedded model, so this state is made up.
  await page.route(/lit-lab\/api\/models(\?|$)/, async route => {
    const response = await route.fetch();
    const body = await response.json();
    Object.assign(body.models[0], {
      state: 'failed',
      error: 'no_room',
      detail:
        'gemma needs 18.4 GB of memory, and 12.1 GB are free: 10.5 GB for its weights in float32, the rest for maps of prompts up to 1,024 tokens.',
      hint: 'It fits with other settings: choose below.',
      fits: [
        { precision: 'float32', max_length: 256 },
        { precision: 'bfloat16', max_length: null }
      ]
    });
    body.found = [
      {
        name: 'gemma2_2b_en',
        path: 'kaggle://keras/gemma2/keras/gemma2_2b_en',
        title: 'gemma2_2b_en',
        program: 'Kaggle',
        size: 5_228_717_000,
        family: 'Gemma 2',
        stored: '',
        parameters: null,
        chat: false,
        precision: null,
        memory: null,
        fits: null,
        fault: ''
      }
    ];
    await route.fulfill({ response, json: body });
  });
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:manage-models');
  });
  const panel = new Panel(page);
  const manager = panel.region.getByRole('region', { name: 'Models' });
  await expect(manager.getByRole('alert')).toBeVisible({ timeout: 30_000 });
  await widen(page, panel, 420);
  await manager.getByText('Not logged in').scrollIntoViewIfNeeded();
  await shoot(page, 'no-room');
});
