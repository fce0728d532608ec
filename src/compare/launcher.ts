import type { TranslationBundle } from '@jupyterlab/translation';
import type { ISignal } from '@lumino/signaling';

import type { RunInfo } from '../api';
import type { TokenSpan } from '../salience';
import type { Explanation } from '../session/explanation';
import { Model } from '../session/model';
import { isUnderWay, modeOf } from '../session/run';
import type { IRun, IRunRequest } from '../session/run';
import type { Runs } from '../session/runs';
import { Comparison } from './comparison';
import type { ISettingsSource } from './comparison';
import type { SideClient } from './side';
import { isIdle, trialOf, trialWithout } from './trial';
import type { ITrial } from './trial';
import { TrialParts } from './trialParts';

/** What the launcher needs from the session. */
export interface ICompareSession extends ISettingsSource {
  readonly runs: Pick<Runs, 'shown'>;
  readonly explanation: Pick<Explanation, 'text' | 'target'> &
    Partial<Pick<Explanation, 'effects'>>;
  readonly changed: ISignal<ICompareSession, void>;
}

/** A run in the history that can be compared. */
export type Pickable = Pick<RunInfo, 'id' | 'created'>;

/**
 * Opens comparisons: two runs of the history, the shown run and the one before it,
 * trials of the shown run's prompt, and the shown run with a forced answer.
 */
export class CompareLauncher extends Model {
  /**
   * @param open - shows a comparison, and then owns it.
   */
  constructor(
    client: SideClient,
    session: ICompareSession,
    open: (comparison: Comparison) => void,
    trans: TranslationBundle
  ) {
    super();
    this._client = client;
    this._session = session;
    this._open = open;
    this._trans = trans;
    session.changed.connect(this._onSession, this);
  }

  /** The parts of the shown run's prompt that the user prepares for a trial. */
  readonly parts = new TrialParts();

  /** The run of the history to compare with another one, or null. */
  get picked(): RunInfo | null {
    return this._picked;
  }

  /** The shown run, if it can be compared; else null. */
  get current(): IRun | null {
    const { shown: run } = this._session.runs;
    return run && run.jobId !== null && !isUnderWay(run) ? run : null;
  }

  /** The run that was shown before the current one, or null. */
  get before(): IRun | null {
    return this._before;
  }

  /** Why the last trial was refused; or empty. */
  get refusal(): string {
    return this._refusal;
  }

  protected release(): void {
    this.parts.dispose();
    this._session.changed.disconnect(this._onSession, this);
  }

  /** Choose the first run of a comparison from the history; null: none. */
  pickRun(run: RunInfo | null): void {
    this._picked = run;
    this._changed.emit();
  }

  /** Compare the chosen run with another one. */
  pickOther(other: Pickable): void {
    const first = this._picked;
    this.pickRun(null);
    if (first && first.id !== other.id) {
      this.compare(first, other);
    }
  }

  /** Compare two runs of the history, the older one on the left. */
  compare(one: Pickable, other: Pickable): void {
    const [older, newer] =
      one.created <= other.created ? [one, other] : [other, one];
    const comparison = this.make();
    this._open(comparison);
    void comparison.restore({ left: older.id, right: newer.id });
  }

  /** Compare the shown run with the one before it. */
  compareWithBefore(): void {
    const { current, before } = this;
    if (current && before) {
      const comparison = this.make();
      this._open(comparison);
      if (this._session.explanation.target) {
        comparison.setTarget(this._session.explanation.target, 'right');
      }
      void comparison.sides.left.take(before);
      void comparison.sides.right.take(current);
    }
  }

  /**
   * The tokens of a segment of the shown prompt, or null.
   *
   * @param index - of the segment in the shown text.
   */
  spanOf(index: number): TokenSpan | null {
    return this._session.explanation.text?.prompt[index] ?? null;
  }

  /**
   * Run the shown run's prompt without some of its parts, and show both. Nothing of
   * the session changes.
   *
   * @param spans - of the prompt, in order and without overlap; in a conversation,
   *   each within one turn.
   */
  tryWithout(...spans: readonly TokenSpan[]): void {
    const { current } = this;
    const trial = trialWithout(...spans);
    if (current && spans.length > 0) {
      const refusal = this._whyNot(current, trial);
      this._refuse(refusal);
      if (!refusal) {
        this._try(current, trial);
      }
    }
  }

  /** Mark a part of the shown prompt, to try it without several; or unmark it. */
  mark(span: TokenSpan): void {
    if (this.current) {
      this.parts.toggle(span);
    }
  }

  /** Let the user type another text for a part of the shown prompt. */
  edit(span: TokenSpan, opener: HTMLElement): void {
    if (this.current) {
      this.parts.edit(this.current, span, opener);
    }
  }

  /** Why the draft can't be tried; or empty. */
  checkDraft(): string {
    const { current } = this;
    const trial = this._drafted();
    return current && trial ? this._whyNot(current, trial) : '';
  }

  /** Try the draft, if it can be tried: then it is closed. */
  tryDraft(): void {
    const { current } = this;
    const trial = this._drafted();
    if (current && trial && !this._whyNot(current, trial)) {
      this._refuse('');
      this.parts.close();
      this._try(current, trial);
    }
  }

  /**
   * Compare the shown run's answer with another text in its place. Nothing of the
   * session changes.
   *
   * @param forcedAnswer - the text after the prompt; null: the model's own
   *   answer.
   */
  compareWithText(forcedAnswer: string | null): void {
    const { current } = this;
    if (!current) {
      return;
    }
    const { settings } = this._session;
    const { target } = this._session.explanation;
    const { model, prompt, values, sampling, stop, origin } = current;
    const { chatUse, thinks, turns } = current;
    const request: IRunRequest = {
      model,
      prompt,
      ...(turns && { turns }),
      values,
      sampling,
      stop,
      chat: modeOf(chatUse),
      thinking: thinks,
      origin,
      ...(forcedAnswer !== null && { forcedAnswer })
    };
    const comparison = this.make();
    comparison.view = 'maps';
    this._open(comparison);
    if (target) {
      comparison.setTarget(target, 'left');
    }
    void comparison.sides.left
      .take(current)
      .then(() =>
        comparison.sides.right.generate(request, settings.maxNewTokens)
      );
  }

  /** Drop what a trial reported. */
  dismiss(): void {
    this._refuse('');
  }

  /** A comparison without runs. */
  make(): Comparison {
    return new Comparison(this._client, this._session, this._trans);
  }

  private _drafted(): ITrial | null {
    const { draft, replacement } = this.parts;
    return draft && { spans: [draft.span], replacement };
  }

  /** Why a trial would tell nothing; or empty. */
  private _whyNot(run: IRun, trial: ITrial): string {
    const { _trans: trans } = this;
    if (isIdle(run, trial)) {
      return trial.replacement === null
        ? trans.__('There is no text to take away: only blanks.')
        : trans.__('This is the old text. Type what to try in its place.');
    }
    if (trialOf(run, trial, trans).prompt.trim() !== '') {
      return '';
    }
    return trial.spans.length > 1
      ? trans.__(
          'Without these parts the prompt would be empty. Take fewer of them away.'
        )
      : trans.__(
          'Without this part the prompt would be empty. Take a smaller part away: choose words or sentences.'
        );
  }

  private _try(run: IRun, trial: ITrial): void {
    const { settings } = this._session;
    const { target } = this._session.explanation;
    const comparison = this.make();
    this._open(comparison);
    if (target) {
      comparison.setTarget(target, 'left');
    }
    void comparison.sides.left
      .take(run)
      .then(() => comparison.try(trial, settings.maxNewTokens));
  }

  private _refuse(refusal: string): void {
    if (refusal !== this._refusal) {
      this._refusal = refusal;
      this._changed.emit();
    }
  }

  /** Remember the shown run, so that it becomes the run before the next one. */
  private _onSession(): void {
    const { current } = this;
    if (current === null || current === this._last) {
      return;
    }
    this.parts.follow(current);
    if (current.jobId !== this._last?.jobId) {
      this._refusal = '';
      // A run without an answer has no map, and isn't stored.
      this._before = this._last?.answerTokens.length ? this._last : null;
    }
    this._last = current;
    this._changed.emit();
  }

  private readonly _client: SideClient;
  private readonly _session: ICompareSession;
  private readonly _open: (comparison: Comparison) => void;
  private readonly _trans: TranslationBundle;
  private _picked: RunInfo | null = null;
  private _last: IRun | null = null;
  private _before: IRun | null = null;
  private _refusal = '';
}
