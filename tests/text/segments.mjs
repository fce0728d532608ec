/**
 * What src/salience/ makes of the cases of `generate_segments.py`: reads their list as JSON from standard input, and prints their
 * results. Null is what Python needn't know: words in scripts without blanks.
 */
/* global console, process, URL */
import { readFileSync } from 'fs';
import { fileURLToPath } from 'url';

import ts from 'typescript';

const folder = fileURLToPath(new URL('../../src/salience/', import.meta.url));
const loaded = {};

/** A module of src/salience/, which imports only from its own folder. */
function load(name) {
  if (!loaded[name]) {
    const source = readFileSync(`${folder}${name}.ts`, 'utf8');
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: 'ES2022' }
    });
    loaded[name] = {};
    new Function('exports', 'require', outputText)(loaded[name], path =>
      load(path.replace('./', ''))
    );
  }
  return loaded[name];
}

const { UNSPACED } = load('boundaries');
const { compile, patternStarts } = load('pattern');
const { segment } = load('segment');
const { AGGREGATIONS, mapSalience } = load('shares');
const { thoughtEnd } = load('thought');
const { writtenTurns } = load('turns');

function isExpression(pattern) {
  try {
    return compile(pattern) !== null;
  } catch {
    return false;
  }
}

function resultsOf({ control, template, seam, pattern, scores, target, ...c }) {
  const tokens = c.tokens.map(text => ({ text, kind: 'text' }));
  control.forEach(i => {
    tokens[i].kind = 'control';
  });
  template.forEach(([i, piece]) => {
    tokens[i] = { text: '', kind: 'template', piece };
  });
  const flat = (granularity, options) =>
    segment(tokens, seam, granularity, options).flat();
  const results = { lines: flat('lines'), paragraphs: flat('paragraphs') };
  results.words = UNSPACED.test(c.tokens.join('')) ? null : flat('words');
  for (const joinLines of ['off', 'auto', 'on']) {
    results[`sentences ${joinLines}`] = flat('sentences', { joinLines });
  }
  const custom = text => patternStarts(text, pattern);
  results.custom = isExpression(pattern) ? flat('custom', { custom }) : null;
  results.turns = writtenTurns(tokens, seam).map(({ span, role }) => [
    ...span,
    role
  ]);
  results.thought = thoughtEnd(tokens, seam);
  const spans = segment(tokens, seam, 'sentences');
  for (const how of AGGREGATIONS) {
    const map = mapSalience(tokens, scores, spans, target, how);
    results[how] = [
      ...map.segments.map(s => [...s.span, s.score, s.share, s.rank]),
      [map.templateShare, map.maxShare]
    ];
  }
  return results;
}

let input = '';
for await (const part of process.stdin.setEncoding('utf8')) {
  input += part;
}
const cases = JSON.parse(input);
console.log(JSON.stringify(cases.map(resultsOf)));
