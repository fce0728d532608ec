const { createHash } = require('crypto');
const { readFileSync } = require('fs');

const { rspack, rspackVersion } = require('@rspack/core');

/** This file and its compiler: what is kept of an earlier run is theirs alone. */
const OWN = [readFileSync(__filename, 'utf8'), rspackVersion];

/** jest's transform: TypeScript and ES modules become CommonJS, without a look at types. */
module.exports = {
  getCacheKey(source, filename, { instrument }) {
    const parts = [...OWN, source, filename, String(instrument)];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  },
  process(source, filename) {
    const isTyped = /\.tsx?$/.test(filename);
    return rspack.experiments.swc.transformSync(source, {
      filename,
      sourceMaps: true,
      module: { type: 'commonjs' },
      jsc: {
        target: 'es2022',
        parser: isTyped
          ? { syntax: 'typescript', tsx: filename.endsWith('x') }
          : { syntax: 'ecmascript' },
        // jest.mock goes above the imports.
        transform: { hidden: { jest: true } }
      }
    });
  }
};
