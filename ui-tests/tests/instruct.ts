/** A server whose first model is known to be instruction-tuned, shared by all specs that use this `test`. */
import { execFileSync, spawn } from 'child_process';
import { cpSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { expect, test as base } from '@playwright/test';

import { LEAN, own } from '../servers';
import { COLD } from './lab';
import type { Panel } from './lab';

/** Where the embedded model is. */
function preset(): string {
  const place =
    'import lit_lab.demo; print(lit_lab.demo.preset_path(), end="")';
  return execFileSync('python', ['-c', place]).toString();
}

/**
 * The embedded model three times: as `menu` from a folder whose name says that it is instruction-tuned, as `demo`, and as
 * `twin`, like a user's own preset.
 */
export const test = base.extend<object, { instruct: void }>({
  baseURL: own.url,
  instruct: [
    async ({ playwright }, use) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'lit-lab-chat-'));
      const [menu, twin] = ['menu_instruct_en', 'twin'].map(name =>
        path.join(folder, name)
      );
      for (const place of [menu, twin]) {
        cpSync(preset(), place, { recursive: true });
      }
      const server = spawn(
        'jupyter',
        [
          'lab',
          '--config=jupyter_server_test_config.py',
          `--LitLab.models=menu:${menu}`,
          '--LitLab.models=demo:embedded',
          `--LitLab.models=twin:${twin}`
        ],
        {
          cwd: path.resolve(__dirname, '..'),
          env: {
            ...process.env,
            ...LEAN,
            PYTHONDONTWRITEBYTECODE: '',
            LIT_LAB_TEST_PORT: String(own.port)
          },
          stdio: 'ignore'
        }
      );
      const request = await playwright.request.newContext();
      await expect
        .poll(
          async () => {
            const reply = await request.get(`${own.url}/api`).catch(() => null);
            return reply?.ok() ?? false;
          },
          { timeout: COLD }
        )
        .toBe(true);
      await request.dispose();
      await use();
      const ended = new Promise(resolve => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true });
    },
    { scope: 'worker', auto: true, timeout: 2 * COLD }
  ]
});

/** Type a prompt into the panel, run it, and wait for its answer. */
export async function runPrompt(panel: Panel, prompt: string): Promise<void> {
  await expect(panel.prompt.or(panel.edit).first()).toBeVisible();
  if (!(await panel.prompt.isVisible())) {
    await panel.edit.click();
  }
  await panel.prompt.fill(prompt);
  await panel.ask();
  // The count of tokens appears with the complete answer to this prompt.
  await expect(panel.region.locator('.lit-facts')).toContainText(
    /\d tokens? · [\d.]+ s/,
    { timeout: COLD }
  );
  const close = panel.region.getByRole('button', { name: 'Close editor' });
  if (await close.isVisible()) {
    await close.click();
  }
}
