import { existsSync } from 'fs';
import * as path from 'path';
import type { PlaywrightTestConfig } from '@playwright/test';

import { chromium } from './chromium';
import { chosen } from './length';
import { COLD, SOON, WHOLE } from './patience';
import { beside, hub, kaggle, LEAN, open, secure } from './servers';

/** A clone's own environment goes first, so that `playwright test` works without activating it. */
const bin = path.resolve(__dirname, '../.venv/bin');
const PATH = existsSync(bin)
  ? `${bin}${path.delimiter}${process.env.PATH}`
  : process.env.PATH;

function server(config: string, at: { port: number; url: string }, token = '') {
  return {
    command: `jupyter lab --config ${config}`,
    url: `${at.url}/api`,
    timeout: COLD,
    reuseExistingServer: false,
    // A killed server would leave its kernels and its folder behind.
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: SOON },
    env: {
      ...process.env,
      PATH,
      // TensorFlow's import takes three times as long without bytecode.
      PYTHONDONTWRITEBYTECODE: '',
      // The hub's server has all of JupyterLab, like users' servers.
      ...(at === hub ? {} : LEAN),
      LIT_LAB_TEST_PORT: String(at.port),
      LIT_LAB_TEST_KAGGLE_PORT: String(at === open ? kaggle.port : 0),
      LIT_LAB_TEST_TOKEN: token
    } as Record<string, string>
  };
}

/** Specs that don't use the open server, but one of the others, or their own. Both halves take about as long. */
const APART =
  /\/(access|chat|codelab|conversation|history|hub|keyboard|litapp|litframe|security|sources|targets|twomodels)\.spec\.ts$/;

const config: PlaywrightTestConfig = {
  testDir: 'tests',
  ...chosen,
  outputDir: 'test-results',
  // Two at a time, on two cores; but one at a time on each server, because its tests share its model and history.
  workers: 2,
  projects: [
    { name: 'open', testIgnore: APART, workers: 1 },
    {
      name: 'apart',
      testMatch: APART,
      workers: 1,
      use: { baseURL: beside.url }
    }
  ],
  retries: process.env.CI ? 1 : 0,
  forbidOnly: !!process.env.CI,
  timeout: WHOLE,
  expect: { timeout: SOON },
  reporter: process.env.PLAYWRIGHT_JUNIT_OUTPUT_FILE
    ? [['list'], ['junit']]
    : [['list']],
  use: {
    baseURL: open.url,
    viewport: { width: 1440, height: 900 },
    actionTimeout: SOON,
    // Tests needn't wait for animations.
    contextOptions: { reducedMotion: 'reduce' },
    // Tracing takes half as long as the test. Use `--trace on` to investigate a failure.
    trace: 'on-first-retry',
    screenshot: 'only-on-failure',
    video: 'off',
    launchOptions: chromium,
    // A page that has shown JupyterLab shows it again for half of the processor time. Playwright clears what a test leaves
    // behind: cookies, storage, routes, and other pages.
    reuseContext: true
  },
  webServer: [
    server('jupyter_server_test_config.py', open),
    server('jupyter_server_test_config.py', beside),
    server('jupyter_server_secure_config.py', secure, secure.token),
    // The login page, since the API requires a user.
    {
      ...server('jupyter_server_hub_config.py', hub),
      url: `${hub.url}${hub.base}/login`
    }
  ]
};

export default config;
