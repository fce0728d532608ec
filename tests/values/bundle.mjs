/**
 * Bundle the evaluator of notebooks' values, and the code that applies edits to cells, for Node.js:
 *
 *     node tests/values/bundle.mjs FOLDER
 *
 * FOLDER/evaluator.js then reads a notebook on each line of standard input, `{"cells": [source, …]}`, and writes the values
 * of its fields: `{"seen": {"cell:offset": {"values": […], "each": …, "why": …}}, "made": [{"cell": …, "span": […], "values": […]}],
 * "found": […], "ms": …, "longest": …, "most": …}`; `made` contains the texts that expressions and `+=` produce. Times are processor
 * times in ms: of all cells, of the longest task that blocks the page, and of the slowest cell.
 * With `"leaves": seed` the evaluator leaves cells at random, as if their time were over.
 * For `{"cells": […], "finds": true}` it writes how long `StringFinder` blocks the page: `{"held": …, "found": …, "problem": …}`.
 * For `{"names": […], "raised": …}` it writes the expression that reads these names from a kernel, and what the error that it raised means.
 *
 * FOLDER/applier.js reads an edit of a cell's first text on each line, `{"source": …, "values": {name: value}, "prompt": …}`,
 * and writes the filled text and the cell's new source, or the reason for a refusal: `{"filled": …, "source": …, "reason": …}`.
 */
/* global console, process, URL */
import { resolve } from 'path';
import { fileURLToPath } from 'url';

import { rspack } from '@rspack/core';

const root = fileURLToPath(new URL('../..', import.meta.url));

const compiler = rspack({
  mode: 'development',
  context: root,
  target: 'node20',
  devtool: false,
  entry: {
    evaluator: './tests/values/evaluator.mjs',
    applier: './tests/values/applier.mjs'
  },
  output: { path: resolve(process.argv[2]), filename: '[name].js' },
  resolve: { extensions: ['.ts', '.tsx', '.js', '.mjs'] },
  module: {
    rules: [
      {
        test: /\.tsx?$/,
        loader: 'builtin:swc-loader',
        options: { jsc: { parser: { syntax: 'typescript', tsx: true } } },
        type: 'javascript/auto'
      }
    ]
  }
});

compiler.run((error, stats) => {
  if (error || stats.hasErrors()) {
    console.error(error ?? stats.toString());
    process.exitCode = 1;
  }
});
