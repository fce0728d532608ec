import { existsSync } from 'fs';
import * as path from 'path';
import type { PlaywrightTestConfig } from '@playwright/test';

import { chromium } from './chromium';
import { hub, open, secure } from './servers';

/** A clone's own environment goes first, so that `playwright test` works without activating it. */
const bin = path.resolve(__dirname, '../.venv/bin');
const PATH = existsSync(bin)
  ? `${bin}${path.delimiter}${process.env.PATH}`
  : process.env.PATH;

function server(config: string, at: { port: number; url: string }, token = '') {
  return {
    command: `jupyter lab --config ${config}`,
    url: `${at.url}/api`,
    timeout: 60_000,
    reuseExistingServer: false,
    // Killed outright, a server would leave its kernels and its folder behind.
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 10_000 },
    env: {
      ...process.env,
      PATH,
      // TensorFlow's import takes three times as long without bytecode.
      PYTHONDONTWRITEBYTECODE: '',
      LIT_LAB_TEST_PORT: String(at.port),
      LIT_LAB_TEST_TOKEN: token
    } as Record<string, string>
  };
}

const config: PlaywrightTestConfig = {
  testDir: 'tests',
  outputDir: 'test-results',
  // One model service on few cores: side by side, tests would only wait for each other.
  workers: 1,
  retries: process.env.CI ? 1 : 0,
  forbidOnly: !!process.env.CI,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_NAME
    ? [['list'], ['json']]
    : [['list']],
  use: {
    baseURL: open.url,
    viewport: { width: 1440, height: 900 },
    actionTimeout: 15_000,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    video: 'off',
    launchOptions: chromium
  },
  webServer: [
    server('jupyter_server_test_config.py', open),
    server('jupyter_server_secure_config.py', secure, secure.token),
    // Its login page: the API answers nobody who has no name.
    {
      ...server('jupyter_server_hub_config.py', hub),
      url: `${hub.url}${hub.base}/login`
    }
  ]
};

export default config;
