import type { TranslationBundle } from '@jupyterlab/translation';

import type { TextKind } from '../session/source';

/** What a kind of text is called. */
export function kindName(kind: TextKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'string':
      return trans.__('string');
    case 'f-string':
      return trans.__('f-string');
    case 'template':
      return trans.__('template');
    case 'composed':
      return trans.__('composed text');
    case 'conversation':
      return trans.__('conversation');
    case 'markdown':
      return trans.__('markdown');
    case 'raw':
      return trans.__('raw text');
    case 'selection':
      return trans.__('selection');
    case 'output':
      return trans.__('output');
    case 'dataset':
      return trans.__('dataset');
    case 'history':
      return trans.__('earlier run');
  }
}
