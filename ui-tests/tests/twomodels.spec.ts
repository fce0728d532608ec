/** Two models on one prompt, on a server of this test's own. */
import { execFileSync, spawn } from 'child_process';
import type { ChildProcess } from 'child_process';
import { cpSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { expect, test } from '@playwright/test';

import { own } from '../servers';
import { analyzeAt, COLD, line, Panel, workspaceOf } from './lab';

const ANSWER = 'Recommendation: You have to try it.';

let server: ChildProcess;
let folder: string;

test.use({ baseURL: own.url });

test.beforeAll(async ({ request }) => {
  // The embedded model under another name, as anybody's own preset is.
  folder = mkdtempSync(path.join(tmpdir(), 'lit-lab-twin-'));
  const preset = execFileSync('python', [
    '-c',
    'import lit_lab.demo, pathlib; print(pathlib.Path(lit_lab.demo.__file__).parent / "preset")'
  ]);
  cpSync(preset.toString().trim(), path.join(folder, 'twin'), {
    recursive: true
  });
  server = spawn(
    'jupyter',
    [
      'lab',
      '--config=jupyter_server_test_config.py',
      '--LitLab.models=demo:embedded',
      `--LitLab.models=twin:${path.join(folder, 'twin')}`
    ],
    {
      cwd: path.resolve(__dirname, '..'),
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: '',
        LIT_LAB_TEST_PORT: String(own.port)
      },
      stdio: 'ignore'
    }
  );
  await expect
    .poll(
      async () => {
        const reply = await request.get(`${own.url}/api`).catch(() => null);
        return reply?.ok() ?? false;
      },
      { timeout: COLD }
    )
    .toBe(true);
});

test.afterAll(async () => {
  const ended = new Promise(resolve => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
  rmSync(folder, { recursive: true });
});

test('two models on one prompt, side by side', async ({ page }) => {
  test.slow();
  await page.goto(
    `/lab/workspaces/${workspaceOf('two')}/tree/prompt_debugging.ipynb`
  );
  const text = line(page, 'Suggestion: Onion soup');
  await expect(text).toBeVisible({ timeout: COLD });
  await analyzeAt(page, text);
  const panel = new Panel(page);
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await panel.region
    .getByRole('combobox', { name: 'Model' })
    .selectOption({ label: 'twin' });
  await panel.generate(ANSWER);
  await panel.explain(ANSWER);
  await panel.region
    .getByRole('button', { name: 'Compare with the run before' })
    .click();
  const comparison = page.getByRole('region', { name: /^Comparison/ });
  await expect(comparison).toContainText('Two models. The same prompt.', {
    timeout: COLD
  });
  await expect(comparison.getByRole('region', { name: /^A:/ })).toContainText(
    'demo ·'
  );
  await expect(comparison.getByRole('region', { name: /^B:/ })).toContainText(
    'twin ·'
  );
  await comparison
    .getByRole('radio', { name: 'Difference of maps', exact: true })
    .click();
  // The very same weights: nothing weighs more on one side.
  await expect(comparison.locator('[data-target="true"]')).toHaveCount(2);
  await expect(comparison.locator('[data-rank="1"]').first()).toBeVisible({
    timeout: COLD
  });
});
