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
