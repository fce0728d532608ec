/** A server of a test's own, whose first model is known to be instruction-tuned. */
import { execFileSync, spawn } from 'child_process';
import { cpSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';
import { expect } from '@playwright/test';
import type { APIRequestContext, Page } from '@playwright/test';

import { COLD } from './lab';

/**
 * Start it: the embedded model twice, as `menu` from a folder whose name says that it is instruction-tuned, and as `demo`.
 *
 * @returns what ends it.
 */
export async function serveInstruct(
  port: number,
  request: APIRequestContext
): Promise<() => Promise<void>> {
  const folder = mkdtempSync(path.join(tmpdir(), 'lit-lab-chat-'));
  const preset = execFileSync('python', [
    '-c',
    'import lit_lab.demo, pathlib; print(pathlib.Path(lit_lab.demo.__file__).parent / "preset")'
  ]);
  const place = path.join(folder, 'menu_instruct_en');
  cpSync(preset.toString().trim(), place, { recursive: true });
  const server = spawn(
    'jupyter',
    [
      'lab',
      '--config=jupyter_server_test_config.py',
      `--LitLab.models=menu:${place}`,
      '--LitLab.models=demo:embedded'
    ],
    {
      cwd: path.resolve(__dirname, '..'),
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: '',
        LIT_LAB_TEST_PORT: String(port)
      },
      stdio: 'ignore'
    }
  );
  await expect
    .poll(
      async () => {
        const reply = await request
          .get(`http://127.0.0.1:${port}/api`)
          .catch(() => null);
        return reply?.ok() ?? false;
      },
      { timeout: COLD }
    )
    .toBe(true);
  return async () => {
    const ended = new Promise(resolve => server.once('exit', resolve));
    server.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  };
}

/** Decline JupyterLab's news, which are offered over the panel. */
export async function declineNews(page: Page): Promise<void> {
  const no = page.locator('.jp-toast-button').getByText('No', { exact: true });
  await page.addLocatorHandler(no, () => no.click());
}
