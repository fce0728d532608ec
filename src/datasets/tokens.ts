import { Token } from '@lumino/coreutils';

import type { DatasetsModel } from './model';

export const IDatasets = new Token<DatasetsModel>(
  'lit-lab:IDatasets',
  'Datasets of prompts, one of them shown.'
);
