const { rspack } = require('@rspack/core');

/** jest's transform: TypeScript and ES modules become CommonJS, without a look at types. */
module.exports = {
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
