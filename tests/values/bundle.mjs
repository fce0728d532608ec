/**
 * Bundle the evaluator of notebooks' values, and what applies edits to cells, for Node.js:
 *
 *     node tests/values/bundle.mjs FOLDER
 *
 * FOLDER/evaluator.js then reads a notebook on each line of standard input, `{"cells": [source, …]}`, and writes what
 * each of its fields is: `{"seen": {"cell:offset": {"values": […], "each": …, "why": …}}, "made": [{"cell": …, "span": […], "values": […]}],
 * "found": […], "ms": …, "longest": …, "most": …}`; `made` holds what expressions and `+=` make of texts. Times are processor
 * time in ms: of all cells, of the longest stretch that holds the page, and of the cell that took most.
 * With `"leaves": seed` cells are left at random, as if their time were over.
 * For `{"cells": […], "finds": true}` it writes how long `StringFinder` holds the page: `{"held": …, "found": …, "problem": …}`.
 * For `{"names": […], "raised": …}` it writes the expression that reads these names of a kernel, and what it raised says.
 *
 * FOLDER/applier.js reads an edit of a cell's first text on each line, `{"source": …, "values": {name: value}, "prompt": …}`,
 * and writes what the text was, and the cell's source after it, or why it is refused: `{"filled": …, "source": …, "reason": …}`.
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
