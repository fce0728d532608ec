const jestJupyterLab = require('@jupyterlab/testutils/lib/jest-config');

// Packages published as ES modules only, which jest has to transform.
const esModules = [
  '@codemirror',
  '@jupyter/',
  '@jupyterlab/',
  '@lezer',
  '@marijn',
  '@microsoft/',
  '@rjsf',
  'exenv-es6',
  'lib0',
  'nanoid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

module.exports = {
  ...jestJupyterLab(__dirname),
  automock: false,
  reporters: ['default'],
  // A ceiling that no test reaches which passes, however busy the machine.
  testTimeout: 300_000 * Number(process.env.LIT_LAB_TEST_PATIENCE ?? 1),
  testRegex: 'src/.*\\.spec\\.tsx?$',
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
