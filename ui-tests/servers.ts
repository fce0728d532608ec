/** Where the servers of the browser tests listen; unusual ports, so that nobody's own server is met. */
const port = Number(process.env.LIT_LAB_TEST_PORT ?? 38471);

export const open = {
  port,
  url: `http://127.0.0.1:${port}`
};

export const secure = {
  port: port + 1,
  url: `http://127.0.0.1:${port + 1}`,
  token: 'a-token-of-the-tests'
};
