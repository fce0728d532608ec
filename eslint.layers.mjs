/**
 * Which folder of src/ may import which; docs/architecture.md draws it, tests/test_layers.py holds this rule to it.
 *
 * ESLint's own `no-restricted-syntax` is enough, and costs no measurable time: a path that leads into another folder is a
 * string that begins with `../` and the folder's name, wherever it stands (import, export, `import()`, `typeof import()`,
 * `jest.mock()`). Plugins for this (eslint-plugin-boundaries, eslint-plugin-import-x) bring a resolver and its packages
 * along, and import-x/no-cycle looks away where a type is imported, as in every circle that this tree has had. So circles
 * are looked for by the test.
 */

/** Layers of src/, from above: a folder imports from layers below its own, and never from a neighbour in its layer. */
export const LAYERS = [
  ['app'],
  ['panel'],
  ['history', 'datasets', 'models', 'litapp', 'notebook', 'batches'],
  ['compare', 'export', 'matrix'],
  ['map'],
  ['components'],
  ['session'],
  ['salience', 'api']
];

export default LAYERS.flatMap((layer, at) =>
  layer.map(folder => {
    const closed = LAYERS.slice(0, at + 1)
      .flat()
      .filter(other => other !== folder);
    return {
      files: [`src/${folder}/**`],
      rules: {
        'no-restricted-syntax': [
          'error',
          {
            selector: `Literal[value=/^(\\.\\.\\/)+(${closed.join('|')})(\\/|$)/]`,
            message: `src/${folder} imports only from layers below it: see eslint.layers.mjs.`
          }
        ]
      }
    };
  })
);
