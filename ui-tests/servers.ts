/**
 * Where the servers of the browser tests listen: ports that nobody has, other ones in each run, so that neither somebody's
 * own server nor another run is met. Workers inherit the choice from the process that started the servers.
 */
import { execFileSync } from 'child_process';
import * as path from 'path';

/** How many ports there are, one after the other. */
const COUNT = 6;

/** Ports of which the system hands out none by itself, to a client that connects: those may be taken at any moment. */
const [FIRST, LAST] = [10_240, 32_768];

/** Prints the first of several ports in a row that are free. Runs in a process of its own: this module can't wait. */
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
 * Below a base URL, with users: the cookie `hub-user` names the user, and with `hub-role=reader` may
 * only look.
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

/** Of a test that starts a server of its own; one test at a time does. */
export const own = {
  port: port + 4,
  url: `http://127.0.0.1:${port + 4}`
};

/** As the open server; for specs beside those that use that one. */
export const beside = {
  port: port + 5,
  url: `http://127.0.0.1:${port + 5}`
};

/**
 * Variables with which a server leaves out the extensions of JupyterLab that no test here needs (`labconfig/`): a page is
 * there after two thirds of the computation.
 */
export const LEAN = {
  JUPYTER_CONFIG_PATH: [__dirname, process.env.JUPYTER_CONFIG_PATH]
    .filter(Boolean)
    .join(path.delimiter)
};
