/**
 * Bundle what an exported page carries, its script and its style sheet, each into one text, and write both with their
 * hashes as a module that the extension loads when a run is exported: lib/export/bundle.js.
 *
 * Reads what tsc has made of src/export/page/main.tsx. With --watch it does so whenever that changes.
 */
/* global console, process, URL */
import { createHash } from 'crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'fs';
import { resolve } from 'path';
import { fileURLToPath } from 'url';

import { rspack } from '@rspack/core';

const root = fileURLToPath(new URL('..', import.meta.url));
const made = resolve(root, 'build/page');

const compiler = rspack({
  mode: 'production',
  context: root,
  target: 'browserslist:last 3 years and supports css-nesting',
  devtool: false,
  performance: false,
  entry: { page: ['./lib/export/page/main.js', './style/page.css'] },
  output: { path: made, filename: '[name].js', cssFilename: '[name].css' },
  module: { rules: [{ test: /\.css$/, type: 'css' }] },
  // A page stands alone, so it carries what draws it: Preact has React's interface at a tenth of its size.
  resolve: {
    alias: {
      react: 'preact/compat',
      'react-dom/client': 'preact/compat/client',
      'react-dom': 'preact/compat'
    }
  },
  // Preact's licence requires its notice, which its files don't carry.
  plugins: [
    new rspack.BannerPlugin({
      banner: `/*! Preact\n${readFileSync(resolve(root, 'node_modules/preact/LICENSE'), 'utf8')}*/`,
      raw: true,
      test: /\.js$/
    })
  ],
  optimization: {
    minimizer: [
      new rspack.SwcJsMinimizerRspackPlugin({
        extractComments: false,
        minimizerOptions: {
          compress: { passes: 3 },
          format: { comments: 'some' }
        }
      }),
      new rspack.LightningCssMinimizerRspackPlugin()
    ]
  }
});

/** What a content security policy lets through by. */
function hashOf(text) {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** Rules for what is drawn without a script: a page's policy lets no style attributes through. */
function steps() {
  const rules = [];
  for (let i = 0; i <= 100; i++) {
    rules.push(
      `[data-weight="${i}"]{--lit-weight:${i / 100}}[data-width="${i}"]{width:${i}%}`
    );
  }
  return rules.join('');
}

/** Nothing may end the element that it stands in. */
function check(name, text, end) {
  if (text.includes(end) || text.includes('<!--')) {
    throw new Error(
      `${name} of the page holds ${end} or <!--, and would end itself there.`
    );
  }
  return text;
}

function write() {
  const script = check(
    'The script',
    readFileSync(resolve(made, 'page.js'), 'utf8'),
    '</script'
  );
  const style = check(
    'The style',
    readFileSync(resolve(made, 'page.css'), 'utf8') + steps(),
    '</style'
  );
  const parts = {
    SCRIPT: script,
    SCRIPT_HASH: hashOf(script),
    STYLE: style,
    STYLE_HASH: hashOf(style)
  };
  const lines = Object.entries(parts).map(
    ([name, text]) => `export const ${name} = ${JSON.stringify(text)};`
  );
  mkdirSync(resolve(root, 'lib/export'), { recursive: true });
  writeFileSync(resolve(root, 'lib/export/bundle.js'), `${lines.join('\n')}\n`);
  console.log(
    `Page: script ${(script.length / 1024).toFixed(0)} KB, style ${(style.length / 1024).toFixed(0)} KB`
  );
}

function done(error, stats) {
  if (error || stats.hasErrors()) {
    console.error(error ?? stats.toString({ all: false, errors: true }));
    process.exitCode = 1;
    return;
  }
  write();
}

if (process.argv.includes('--watch')) {
  compiler.watch({}, done);
} else {
  compiler.run((error, stats) => {
    done(error, stats);
    compiler.close(() => undefined);
  });
}
