/**
 * The ports of the browser tests' servers. They are free, and differ in each run, so that tests meet neither a user's own
 * server nor another run. Workers inherit the choice from the process that started the servers.
 */
import { execFileSync } from 'child_process';
import * as path from 'path';

/** The number of consecutive ports. */
const COUNT = 6;

/** A range below the system's ephemeral ports, of which a connecting client may take one at any moment. */
const [FIRST, LAST] = [10_240, 32_768];

/** Prints the first of several consecutive free ports. Runs in a separate process, because this module can't wait. */
const FIND = `
const net = require('net');
const [first, last, count] = process.argv.slice(1).map(Number);
const free = port =>
  new Promise(resolve => {
    const server = net.createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
(async () => {
  for (;;) {
    const at = first + Math.floor(Math.random() * (last - first - count));
    const all = await Promise.all(Array.from({ length: count }, (_, i) => free(at + i)));
    if (all.every(Boolean)) {
      console.log(at);
      return;
    }
  }
})();
`;

process.env.LIT_LAB_TEST_PORTS ??= execFileSync(
  process.execPath,
  ['-e', FIND, String(FIRST), String(LAST), String(COUNT)],
  { encoding: 'utf8' }
).trim();
const port = Number(process.env.LIT_LAB_TEST_PORTS);

export const open = {
  port,
  url: `http://127.0.0.1:${port}`
};

export const secure = {
  port: port + 1,
  url: `http://127.0.0.1:${port + 1}`,
  token: 'a-token-of-the-tests'
};

/**
 * The server with a base URL and users: the cookie `hub-user` names the user, whom `hub-role=reader` limits to
 * reading.
 */
export const hub = {
  port: port + 2,
  url: `http://127.0.0.1:${port + 2}`,
  base: '/user/ada',
  cookie: 'hub-user',
  role: { name: 'hub-role', value: 'reader' }
};

/** The fake Kaggle that the open server's downloads come from. */
export const kaggle = {
  port: port + 3,
  url: `http://127.0.0.1:${port + 3}`
};

/** The server of a test that starts its own, which only one test does at a time. */
export const own = {
  port: port + 4,
  url: `http://127.0.0.1:${port + 4}`
};

/** Like the open server, for specs that run at the same time as the specs of that one. */
export const beside = {
  port: port + 5,
  url: `http://127.0.0.1:${port + 5}`
};

/**
 * Environment variables that disable the JupyterLab extensions that no test needs (`labconfig/`): a page then loads with
 * two thirds of the processor time.
 */
export const LEAN = {
  JUPYTER_CONFIG_PATH: [__dirname, process.env.JUPYTER_CONFIG_PATH]
    .filter(Boolean)
    .join(path.delimiter)
};
