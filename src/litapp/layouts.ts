import type { TranslationBundle } from '@jupyterlab/translation';

/** LIT's layouts for prompts (`lit_nlp.examples.prompt_debugging.layouts`). */
export const LAYOUTS = ['left_right', 'top_bottom', 'three_panel'] as const;

export type Layout = (typeof LAYOUTS)[number];

/** Check a layout, which the user may have edited as JSON. */
export function readLayout(value: unknown): Layout {
  return LAYOUTS.find(layout => layout === value) ?? 'left_right';
}

/** A layout's name for the user. */
export function nameLayout(layout: Layout, trans: TranslationBundle): string {
  return {
    left_right: trans.__('Left and Right'),
    top_bottom: trans.__('Top and Bottom'),
    three_panel: trans.__('Three Panels')
  }[layout];
}

/** The dataset without examples, for the page's own datapoints. */
const PROMPTS = 'prompts';
const SAMPLES = 'sample_prompts';

/** How to open LIT. */
export interface IOpening {
  readonly layout: Layout;
  readonly model: string;
  /** The first datapoint; empty: LIT shows its sample prompts. */
  readonly prompt: string;
  /** A text to explain in addition to the model's own answer. */
  readonly target: string;
}

/**
 * LIT's initial state, in the form of its address: as
 * `LitWidget.render(data=[…])` of LIT's notebook widget writes it.
 */
export function queryOf({ layout, model, prompt, target }: IOpening): string {
  const query = new URLSearchParams({
    layout,
    models: model,
    dataset: prompt === '' ? SAMPLES : PROMPTS
  });
  if (prompt !== '') {
    query.set('data0_prompt', prompt);
    query.set('data0_target', target);
  }
  return `?${query.toString()}`;
}
