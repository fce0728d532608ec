/** Takes screenshots for people to look at, into screenshots/: `jlpm screenshots`. Not part of the tests. */
import config from './playwright.config';

export default { ...config, testDir: 'looks', retries: 0 };
