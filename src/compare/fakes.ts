/** Fakes for the specs: settings, and runs of the history. */
import { Signal } from '@lumino/signaling';

import type { KeptScores } from '../api';
import type { Explanation } from '../session/explanation';
import { fakeRecord, tokens } from '../session/fixtures';
import type { IRun } from '../session/run';
import { DEFAULT_SETTINGS } from '../session/settings';

export const PROMPT = 'Be brief. Be kind.\nAnalysis:';
export const OTHER = 'Be kind.\nAnalysis:';
export const ANSWER = ' It has onions. Avoid.';

/** Settings that the spec changes. */
export class FakeSettings {
  readonly splitter = null;
  settings = DEFAULT_SETTINGS;
  /** What the panel shows. */
  runs?: { shown: IRun | null };
  explanation?: Partial<Pick<Explanation, 'effects' | 'text' | 'target'>>;
  readonly changed = new Signal<this, void>(this);

  change(settings: Partial<typeof DEFAULT_SETTINGS>): void {
    this.settings = { ...this.settings, ...settings };
    this.changed.emit();
  }
}

/** A run of the history; its scores grow with the position, times a factor. */
export function record(id: string, prompt: string, answer: string, factor = 1) {
  const [asked, said] = [tokens(prompt), tokens(answer)];
  const all = asked.length + said.length;
  const target = { start: asked.length + 3, end: all };
  const scores: KeptScores[] = (['grad_l2', 'grad_dot_input'] as const).map(
    method => ({
      mode: null,
      event: {
        event: 'scores',
        target,
        method,
        scores: Array.from({ length: all }, (_, i) => (i + 1) ** factor),
        gap: null,
        foil: null
      }
    })
  );
  return fakeRecord(prompt, answer, { id, title: `run ${id}`, scores });
}
