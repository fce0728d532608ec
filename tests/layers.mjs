/**
 * Answers questions of test_layers.py about src/. Reads JSON from standard input: `planted`, pairs of a path and a text. Prints JSON:
 * the layers of eslint.layers.mjs, the rule's messages for each planted text, and for each file of src/ the files of src/
 * that it imports.
 */
/* global console, process, URL */
import { readdirSync, readFileSync } from 'fs';
import { join, relative, sep } from 'path';
import { fileURLToPath } from 'url';

import { Linter } from 'eslint';
import ts from 'typescript';
import tseslint from 'typescript-eslint';

import layers, { LAYERS } from '../eslint.layers.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { planted } = JSON.parse(readFileSync(process.stdin.fd, 'utf8'));

const linter = new Linter({ cwd: root });
const config = [
  {
    files: ['**/*.ts', '**/*.tsx'],
    languageOptions: { parser: tseslint.parser }
  },
  ...layers
];
const said = planted.map(([filename, text]) =>
  linter.verify(text, config, { filename }).map(({ message }) => message)
);

const nameOf = path => relative(join(root, 'src'), path).split(sep).join('/');

/** Files of src/ that a file imports, types and `import()` among them. */
function importsOf(path) {
  const { importedFiles } = ts.preProcessFile(
    readFileSync(path, 'utf8'),
    true,
    true
  );
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(
      ({ fileName }) =>
        ts.resolveModuleName(fileName, path, {}, ts.sys).resolvedModule
    )
    .filter(found => found !== undefined)
    .map(found => nameOf(found.resolvedFileName))
    .filter(name => !name.startsWith('..'));
}

const files = readdirSync(join(root, 'src'), { recursive: true })
  .filter(name => /\.tsx?$/.test(name))
  .map(name => join(root, 'src', name));
const imports = Object.fromEntries(
  files.map(path => [nameOf(path), importsOf(path)])
);

console.log(JSON.stringify({ layers: LAYERS, said, imports }));
