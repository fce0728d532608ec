/** Takes screenshots for people to look at, into screenshots/: `jlpm screenshots`. Not part of the tests. */
import config from './playwright.config';

export default {
  ...config,
  projects: undefined,
  testDir: 'looks',
  workers: 1,
  retries: 0
};
