/** For `scripts/smoke.sh`: a server of the environment that LIT_LAB_SMOKE names, with the wheel installed in it. */
import * as path from 'path';

import { COLD, SOON, WHOLE } from './patience';
import config from './playwright.config';
import { open } from './servers';

const environment = process.env.LIT_LAB_SMOKE;
if (!environment) {
  throw new Error(
    'LIT_LAB_SMOKE names no environment: run `make test-oldest`, or `make test-collaboration`.'
  );
}

/** The server may only find this checkout's code through the wheel. */
const { PYTHONPATH, JUPYTER_PATH, ...others } = process.env;

export default {
  ...config,
  projects: undefined,
  testDir: 'smoke',
  workers: 1,
  timeout: (process.env.LIT_LAB_SMOKE_SETUP ? 6 : 2) * WHOLE,
  webServer: {
    command: `${path.join(environment, 'bin', 'jupyter')} lab --config jupyter_server_smoke_config.py`,
    url: `${open.url}/api`,
    timeout: COLD,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: SOON },
    env: {
      ...others,
      PYTHONDONTWRITEBYTECODE: '',
      LIT_LAB_TEST_PORT: String(open.port)
    } as Record<string, string>
  }
};
