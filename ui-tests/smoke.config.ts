/** For `scripts/smoke.sh`: a server of the environment that LIT_LAB_SMOKE names, with the wheel installed in it. */
import * as path from 'path';

import config from './playwright.config';
import { open } from './servers';

const environment = process.env.LIT_LAB_SMOKE;
if (!environment) {
  throw new Error(
    'LIT_LAB_SMOKE names no environment: run `make test-oldest`, or `make test-collaboration`.'
  );
}

/** Nothing of this checkout may be found by it but through the wheel. */
const { PYTHONPATH, JUPYTER_PATH, ...others } = process.env;

export default {
  ...config,
  testDir: 'smoke',
  timeout: process.env.LIT_LAB_SMOKE_SETUP ? 1_200_000 : 240_000,
  webServer: {
    command: `${path.join(environment, 'bin', 'jupyter')} lab --config jupyter_server_smoke_config.py`,
    url: `${open.url}/api`,
    timeout: 120_000,
    reuseExistingServer: false,
    gracefulShutdown: { signal: 'SIGTERM' as const, timeout: 10_000 },
    env: {
      ...others,
      PYTHONDONTWRITEBYTECODE: '',
      LIT_LAB_TEST_PORT: String(open.port)
    } as Record<string, string>
  }
};
