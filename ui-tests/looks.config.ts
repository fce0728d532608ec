/** Takes screenshots for people to look at, into screenshots/: `jlpm screenshots`. Not part of the tests. */
import config from './playwright.config';

/** Screenshots show all of JupyterLab. */
const webServer = [config.webServer!].flat().map(server => ({
  ...server,
  env: { ...server.env, JUPYTER_CONFIG_PATH: '' }
}));

export default {
  ...config,
  webServer,
  projects: undefined,
  testDir: 'looks',
  workers: 1,
  retries: 0
};
