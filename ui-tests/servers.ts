/**
 * Where the servers of the browser tests listen: unusual ports, other ones in each run, so that neither somebody's own
 * server nor another run is met. Workers inherit the choice from the process that started the servers.
 */
process.env.LIT_LAB_TEST_PORT ??= String(20_000 + 2 * (process.pid % 10_000));
const port = Number(process.env.LIT_LAB_TEST_PORT);

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
 * Below a base URL, with users: whoever has the cookie `hub-user` is the one that it names, and with `hub-role=reader` may
 * only look.
 */
export const hub = {
  port: port + 20_000,
  url: `http://127.0.0.1:${port + 20_000}`,
  base: '/user/ada',
  cookie: 'hub-user',
  role: { name: 'hub-role', value: 'reader' }
};

/** The stand-in for Kaggle that the open server's downloads come from. */
export const kaggle = `http://127.0.0.1:${port - 10_000}`;
