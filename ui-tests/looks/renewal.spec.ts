/** Screenshots of rare states of the service and of texts. */
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';

import { open } from '../servers';
import { COLD, Panel, servicePid } from '../tests/lab';
import { widen } from './window';

test.use({ viewport: { width: 1440, height: 1000 } });
test.describe.configure({ timeout: 400_000 });

async function shoot(page: IJupyterLabPageFixture, panel: Panel, name: string) {
  await page.mouse.move(600, 4);
  await page.waitForTimeout(600);
  await page.screenshot({
    path: `screenshots/seldom-${name}.png`,
    clip: (await panel.region.boundingBox())!
  });
}

test('a new process follows', async ({ page, request }) => {
  const api = `${open.url}/lit-lab/api`;
  const change = (data: object) =>
    request.post(`${api}/models/change`, { data: { change: data } });
  const state = async (name: string) => {
    const { models } = await (await request.get(`${api}/models`)).json();
    return models.find((m: { name: string }) => m.name === name)?.state;
  };
  await request.post(`${api}/service/start`);
  const before = await servicePid(request);
  await page.evaluate(async () => {
    await window.jupyterapp.commands.execute('lit-lab:manage-models');
  });
  const panel = new Panel(page);
  await change({ kind: 'add', name: 'second', path: 'embedded' });
  await change({ kind: 'load', name: 'second' });
  await expect.poll(() => state('second'), { timeout: COLD }).toBe('ready');
  await widen(page, panel, 420);
  await shoot(page, panel, 'both');
  await change({ kind: 'unload', name: 'second' });
  await shoot(page, panel, 'unloaded');
  await expect
    .poll(
      async () =>
        (await (await request.get(`${api}/status`)).json()).service.state,
      { timeout: 200_000, intervals: [100] }
    )
    .toBe('starting');
  await page.waitForTimeout(1_500);
  await shoot(page, panel, 'starting');
  await expect
    .poll(() => servicePid(request), { timeout: COLD })
    .not.toBe(before);
  await shoot(page, panel, 'loading');
  await page.waitForTimeout(12_000);
  await shoot(page, panel, 'again');
  await change({ kind: 'remove', name: 'second' });
});
