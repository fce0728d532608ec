import { readFileSync } from 'fs';
import { nullTranslator } from '@jupyterlab/translation';

import { methodWords } from './methods';

describe('map/methods', () => {
  it('have the same names in the documentation', () => {
    const page = readFileSync('docs/methods.md', 'utf8');
    const words = methodWords(nullTranslator.load('lit_lab'));
    for (const [method, { name }] of Object.entries(words)) {
      const heading = page
        .split('\n')
        .find(
          line => line.startsWith('## ') && line.includes(`(\`${method}\`)`)
        );
      expect([method, heading?.slice(3).startsWith(name)]).toEqual([
        method,
        true
      ]);
    }
  });
});
