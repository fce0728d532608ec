/** For tests/cluster: browsers of several users, on the JupyterHub that `LIT_LAB_HUB` names. */
import { WHOLE } from './patience';
import config from './playwright.config';

if (!process.env.LIT_LAB_HUB) {
  throw new Error('LIT_LAB_HUB names no hub: run `make test-cluster`.');
}

export default {
  ...config,
  projects: undefined,
  webServer: undefined,
  testDir: 'hub',
  workers: 1,
  retries: 0,
  timeout: 2 * WHOLE,
  use: { ...config.use, baseURL: process.env.LIT_LAB_HUB, reuseContext: false }
};
