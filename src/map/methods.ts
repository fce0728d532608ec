/** The methods' names and descriptions. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { MapMethod } from '../session/methods';

/** A method in words. */
export interface IMethodWords {
  readonly name: string;
  /** What it measures, in one line. */
  readonly measures: string;
  /** Its source. */
  readonly source: string;
  readonly link: string;
}

/** All methods in words. */
export function methodWords(
  trans: TranslationBundle
): Readonly<Record<MapMethod, IMethodWords>> {
  return {
    grad_l2: {
      name: trans.__('L2 norm'),
      measures: trans.__(
        'How sensitive the target is to each token, whether for or against it.'
      ),
      source: 'Simonyan 2013',
      link: 'https://arxiv.org/abs/1312.6034'
    },
    grad_dot_input: {
      name: trans.__('grad · input'),
      measures: trans.__(
        'Whether each token supports or opposes the target, by the gradient at this prompt.'
      ),
      source: 'Denil 2014',
      link: 'https://arxiv.org/abs/1412.6815'
    },
    integrated_gradients: {
      name: trans.__('Integrated gradients'),
      measures: trans.__(
        'Whether each token supports or opposes the target, by the gradients on the way from an empty baseline to this prompt.'
      ),
      source: 'Sundararajan 2017',
      link: 'https://arxiv.org/abs/1703.01365'
    },
    flow: {
      name: trans.__('Flow'),
      measures: trans.__(
        'Each token’s share of what the model’s attention reads while it writes the target, over all layers. It leaves out what the layers make of it.'
      ),
      source: 'Ferrando 2024',
      link: 'https://arxiv.org/abs/2403.00824'
    },
    leave_one_out: {
      name: trans.__('Leave one out'),
      measures: trans.__(
        'How much less likely the target is without this part’s tokens. Effects delete its text instead.'
      ),
      source: 'Li 2016',
      link: 'https://arxiv.org/abs/1612.08220'
    },
    lime: {
      name: trans.__('LIME'),
      measures: trans.__(
        'How much more likely each segment makes the target, by a linear model fitted to prompts with random segments removed.'
      ),
      source: 'Ribeiro 2016',
      link: 'https://arxiv.org/abs/1602.04938'
    },
    shap: {
      name: trans.__('SHAP'),
      measures: trans.__(
        'Each part’s fair share of the target’s log-probability (its Shapley value), estimated by taking sets of parts away.'
      ),
      source: 'Lundberg 2017',
      link: 'https://arxiv.org/abs/1705.07874'
    }
  };
}
