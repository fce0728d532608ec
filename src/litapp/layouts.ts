import type { TranslationBundle } from '@jupyterlab/translation';

/** LIT's layouts for prompts (`lit_nlp.examples.prompt_debugging.layouts`). */
export const LAYOUTS = ['left_right', 'top_bottom', 'three_panel'] as const;

export type Layout = (typeof LAYOUTS)[number];

/** Take a layout that may have been written by hand. */
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

/** The dataset without examples, for datapoints that the page brings along. */
const PROMPTS = 'prompts';
const SAMPLES = 'sample_prompts';

/** What LIT is opened with. */
export interface IOpening {
  readonly layout: Layout;
  readonly model: string;
  /** Becomes a datapoint; empty: LIT shows its sample prompts. */
  readonly prompt: string;
  /** A text to explain besides the model's own answer. */
  readonly target: string;
}

/**
 * What LIT reads at its start, in the form it has in its address: as
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
