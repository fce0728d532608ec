/** What is added to JupyterLab's own build of an extension. */
const { rspack } = require('@rspack/core');

module.exports = {
  module: {
    rules: [
      {
        // The build leaves style sheets as they are, comments included.
        test: /\.css$/,
        enforce: 'pre',
        loader: 'builtin:lightningcss-loader',
        options: { minify: true }
      }
    ]
  },
  optimization: {
    // A module of several chunks gets one of its own, unless it is too small to be worth a request.
    splitChunks: { chunks: 'async', minSize: 3000 },
    minimizer: [
      new rspack.SwcJsMinimizerRspackPlugin({
        minimizerOptions: {
          compress: { passes: 3 },
          format: { comments: false }
        }
      }),
      new rspack.LightningCssMinimizerRspackPlugin()
    ]
  }
};
