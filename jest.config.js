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

const config = jestJupyterLab(__dirname);

module.exports = {
  ...config,
  automock: false,
  reporters: ['default'],
  // A ceiling that no test reaches which passes, however busy the machine.
  testTimeout: 300_000 * Number(process.env.LIT_LAB_TEST_PATIENCE ?? 1),
  transform: {
    '\\.svg$': config.transform['\\.svg$'],
    // Each file by itself, by the bundles' compiler: `tsc` checks the types of all of them, specs too. Babel and ts-jest take
    // several times as long.
    '^.+\\.[jt]sx?$': '<rootDir>/jest.modules.js'
  },
  testRegex: 'src/.*\\.spec\\.tsx?$',
  transformIgnorePatterns: [`/node_modules/(?!${esModules}).+`]
};
