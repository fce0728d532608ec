import type { TranslationBundle } from '@jupyterlab/translation';

import type { Explanation } from './explanation';
import { describeSegment } from './labels';
import type { IShownMap } from './map';
import type { PromptModel } from './prompt';
import type { Runner } from './runner';
import { placesInPrompt, shadesOf } from './shades';

/** Shades the prompt in its editor, by the map that is shown. */
export class Shading {
  constructor(
    prompt: PromptModel,
    runner: Runner,
    explanation: Explanation,
    trans: TranslationBundle
  ) {
    this._prompt = prompt;
    this._runner = runner;
    this._explanation = explanation;
    this._trans = trans;
  }

  /** Shade again if the map has changed. */
  update(): void {
    if (this._explanation.map !== this._shown) {
      this.paint();
    }
  }

  /** Shade by the map, for example after the prompt has changed. */
  paint(): void {
    this._paint(this._explanation.map);
  }

  /** Remove the shades. */
  clear(): void {
    this._paint(null);
  }

  /** Scroll the editor to a segment of the text, if it is one of the prompt. */
  show(index: number): void {
    const { run } = this._runner;
    const { text } = this._explanation;
    const segment = text?.segments[index];
    const span = run && segment && placesInPrompt(text, run.turns)(segment);
    if (span) {
      this._prompt.source?.show?.(run.prompt, run.values, span);
    }
  }

  private _paint(map: IShownMap | null): void {
    this._shown = map;
    const { source, value, values } = this._prompt;
    const { run } = this._runner;
    if (!source || !run) {
      source?.paint(value, values, null);
      return;
    }
    const { text } = this._explanation;
    const shades =
      map && text
        ? shadesOf(
            text,
            map,
            s => describeSegment(s, map, this._trans),
            run.turns
          )
        : null;
    source.paint(run.prompt, run.values, shades);
  }

  private readonly _prompt: PromptModel;
  private readonly _runner: Runner;
  private readonly _explanation: Explanation;
  private readonly _trans: TranslationBundle;
  private _shown: IShownMap | null = null;
}
