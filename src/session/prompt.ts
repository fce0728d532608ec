import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { RunOrigin, Turn } from '../api';
import { textOfTurns } from './conversation';
import {
  filledOf,
  filledTurnsOf,
  followed,
  isAsFound,
  isSamePlace,
  namesOf,
  NOTHING,
  originOf,
  saveHeld,
  unedited,
  valuesOf,
  wouldBeMissed
} from './held';
import type { IHeld, IOrigin, ISavedText } from './held';
import { Model } from './model';
import type { IProblem } from './problem';
import type { IPromptSource } from './source';
import { changedFields, variablesOf, withTaken } from './variables';
import type { IFilled, IVariable } from './variables';

/** What the page stores of a prompt over a reload. */
export interface ISavedPrompt extends ISavedText {
  /** Texts that the user edited and left, each with its place; the latest comes last. */
  readonly left: readonly ISavedText[];
}

/** Maximum number of left texts, because a page's stored state is small. */
const MAX_LEFT = 5;

/**
 * The prompt: a source's text with its fields filled in. An edit disconnects the prompt
 * from its source, until the user goes back to the source's text.
 *
 * The user can also go back to a text that they edited and left for another
 * prompt, together with its place. A text and its place always belong together.
 */
export class PromptModel extends Model {
  /** The place of the prompt; null if the user typed it, and after a reload. */
  get source(): IPromptSource | null {
    return this._now.source;
  }

  /** Where the prompt came from, which is known even if the source no longer exists. */
  get origin(): IOrigin | null {
    return originOf(this._now);
  }

  /** The origin as a run's request contains it, within the server's limits. */
  get runOrigin(): RunOrigin | null {
    const { origin } = this;
    return (
      origin && {
        document: origin.document.slice(0, 4096),
        place: origin.place.slice(0, 20).map(part => part.slice(0, 500))
      }
    );
  }

  /** Finds a source that was lost to a reload; null if none was lost. */
  get lostLink(): ReadonlyPartialJSONObject | null {
    return this._now.source === null ? this._now.link : null;
  }

  /** Whether the user edited the prompt, so that it doesn't follow its source. */
  get isEdited(): boolean {
    return this._now.edited !== null && this._now.text !== null;
  }

  /**
   * Whether the place no longer exists, such as a deleted cell, or got another text during a
   * reload. The prompt then doesn't follow it.
   */
  get isGone(): boolean {
    const { source, isLost } = this._now;
    return source === null ? isLost : source.text === null;
  }

  /** Why the text may differ from the value at run time; or empty. */
  get remark(): string {
    const { edited, text } = this._now;
    return edited === null ? (text?.problem ?? '') : '';
  }

  /** Whether there is no prompt, not even an empty text from a source. */
  get isEmpty(): boolean {
    const { edited, text } = this._now;
    return text === null && (edited ?? '') === '';
  }

  /** The prompt as the model will get it. */
  get value(): string {
    return this._now.edited ?? filledOf(this._now) ?? '';
  }

  /** The prompt's turns; null if the prompt is a text. */
  get turns(): readonly Turn[] | null {
    const { edited, turns = null } = this._now;
    return edited === null ? filledTurnsOf(this._now) : turns;
  }

  /** The known values of fields, by name. */
  get values(): Readonly<Record<string, string>> {
    return valuesOf(this._now);
  }

  /** The template's fields, each once, in order of appearance. */
  get variables(): readonly IVariable[] {
    return variablesOf(this._now);
  }

  /** The fields whose values differ from a run's; null if something else differs. */
  changedFields(run: IFilled): ReadonlySet<string> | null {
    return this.isEdited ? null : changedFields(this._now, run);
  }

  /** Whether a running kernel can provide values of fields. */
  get canTakeValues(): boolean {
    return (
      this.source?.askKernel !== undefined &&
      !this.isEdited &&
      namesOf(this._now).length > 0
    );
  }

  /** Why the last request to a kernel gave no answer; empty if it gave one. */
  get kernelProblem(): string {
    return this._kernelProblem;
  }

  /** A text that the user edited and left for another prompt, or null. */
  get left(): string | null {
    return this._back?.edited ?? null;
  }

  /** Where the text in `left` came from; null if unknown. */
  get leftOrigin(): IOrigin | null {
    return this._back && originOf(this._back);
  }

  /** Whether going back leads to another place. */
  get isLeftElsewhere(): boolean {
    return this._back !== null && !isSamePlace(this._back, this._now);
  }

  /** Whether the prompt's source may write the edit where the text came from. */
  get canApply(): boolean {
    return this.isEdited && this._now.source?.apply !== undefined;
  }

  /** Why the edit wasn't applied; null before an attempt, and after the next change. */
  get refusal(): IProblem | null {
    return this._refused?.held === this._now ? this._refused.problem : null;
  }

  protected release(): void {
    this._become(NOTHING, []);
  }

  /** Settles when `value` contains the source's latest edit. */
  async settled(): Promise<void> {
    try {
      await this.source?.settled();
    } catch (reason) {
      // If the source fails, use the text that was read last.
      console.error('lit-lab: the source of a prompt cannot be read', reason);
    }
  }

  /** Open a source. The model then owns it and disposes of it. */
  open(source: IPromptSource): void {
    const opened: IHeld = { ...NOTHING, source, text: source.text };
    const typed = isSamePlace(opened, this._now) ? this._now.typed : {};
    const left = wouldBeMissed(this._now)
      ? [...this._left, this._now]
      : this._left;
    this._become({ ...opened, typed }, left);
    this._changed.emit();
  }

  /** Reconnect the source that `lostLink` led to, if its text is still the same. */
  relink(source: IPromptSource): void {
    const text = source.text;
    const now = this._now;
    if (
      this.lostLink !== null &&
      text !== null &&
      text.value === now.text?.value
    ) {
      this._become({ ...now, source, text, isLost: false }, this._left);
    } else {
      source.dispose();
      this._now = { ...now, link: null, isLost: now.source === null };
    }
    this._changed.emit();
  }

  /** Edit the prompt. */
  edit(value: string): void {
    const text = filledOf(this._now);
    // A text field turns all line breaks into line feeds.
    const isBack =
      text !== null &&
      value === withLineFeeds(text) &&
      isAsFound(this._now, null);
    // The user may have restored the source's text by typing.
    this._now = isBack
      ? unedited(this._now)
      : { ...this._now, edited: value, turns: null };
    this._changed.emit();
  }

  /** Edit the prompt as a conversation of at least one turn. */
  editTurns(turns: readonly Turn[]): void {
    const isBack = isAsFound(this._now, turns);
    this._now = isBack
      ? unedited(this._now)
      : { ...this._now, edited: textOfTurns(turns), turns };
    this._changed.emit();
  }

  /** Follow the source again. */
  follow(): void {
    const now = this._now;
    if (now.text !== null) {
      const left = wouldBeMissed(now) ? [...this._left, now] : this._left;
      this._become(unedited(now), left);
      this._changed.emit();
    }
  }

  /**
   * Write the edit where the text came from. The prompt then follows its source again. If
   * this fails, `refusal` says why.
   */
  async apply(): Promise<void> {
    const { source, edited, turns = null, text, base } = this._now;
    if (
      !source?.apply ||
      edited === null ||
      text === null ||
      this._isApplying
    ) {
      return;
    }
    this._isApplying = true;
    const applying = source.apply({
      from: base ?? text.value,
      values: this.values,
      prompt: edited,
      turns
    });
    const problem = await applying.finally(() => {
      this._isApplying = false;
    });
    const now = this._now;
    if (now.source !== source) {
      return;
    }
    if (problem !== null) {
      this._refused = { held: now, problem };
    } else {
      // The user may have typed more meanwhile. Keep it as an edit of the applied text.
      const isSame = now.edited === edited && (now.turns ?? null) === turns;
      this._now = isSame ? unedited(now) : { ...now, base: undefined };
    }
    this._changed.emit();
  }

  /** Discard the reason why the edit wasn't applied. */
  dismissRefusal(): void {
    this._refused = null;
    this._changed.emit();
  }

  /**
   * Go back to the text in `left`, and to its place. If the user has edited the current
   * text, it becomes the last of the texts to go back to.
   */
  takeBack(): void {
    const back = this._back;
    if (back) {
      const rest = this._left.slice(0, -1);
      const left = wouldBeMissed(this._now) ? [this._now, ...rest] : rest;
      this._become(back, left);
      this._changed.emit();
    }
  }

  /** Set a field's value. */
  setVariable(name: string, value: string): void {
    const { typed } = this._now;
    this._now = { ...this._now, typed: { ...typed, [name]: value } };
    this._changed.emit();
  }

  /**
   * Request the fields' values from the running kernel, once. They replace typed values,
   * which the user can still choose.
   *
   * @param typedHere - the label for the origin of a typed value.
   */
  async takeValues(typedHere: string): Promise<void> {
    const { source } = this;
    if (!source?.askKernel || this._isAsking) {
      return;
    }
    this._isAsking = true;
    this._kernelProblem = '';
    const { values, problem } = await source
      .askKernel()
      .finally(() => (this._isAsking = false));
    if (this.isDisposed || source !== this.source) {
      return;
    }
    this._kernelProblem = problem;
    this._now = withTaken(this._now, values, typedHere);
    this._changed.emit();
  }

  /** What to store over a reload. */
  save(): ISavedPrompt {
    return { ...saveHeld(this._now), left: this._left.map(saveHeld) };
  }

  /** Restore what was stored. */
  restore({ left, ...saved }: ISavedPrompt): void {
    this._become(
      { ...saved, source: null },
      left.map(one => ({ ...one, source: null }))
    );
    this._changed.emit();
  }

  /** The text that was left last, or null. */
  private get _back(): IHeld | null {
    return this._left[this._left.length - 1] ?? null;
  }

  /** Set the texts, and dispose of the sources that none of them uses. */
  private _become(now: IHeld, left: readonly IHeld[]): void {
    const before = this._sources;
    if (now.source !== this._now.source) {
      this._kernelProblem = '';
    }
    this._now = now;
    this._left = left.slice(-MAX_LEFT);
    const after = this._sources;
    for (const source of before) {
      if (!after.has(source)) {
        source.changed.disconnect(this._onSource, this);
        source.dispose();
      }
    }
    for (const source of after) {
      if (!before.has(source)) {
        source.changed.connect(this._onSource, this);
      }
    }
  }

  private get _sources(): Set<IPromptSource> {
    return new Set(
      [this._now, ...this._left].flatMap(({ source }) => source ?? [])
    );
  }

  private _onSource(source: IPromptSource): void {
    const { text } = source;
    // If a source no longer exists, keep its last text.
    const follow = (held: IHeld): IHeld =>
      held.source === source && text !== null ? followed(held, text) : held;
    this._now = follow(this._now);
    this._left = this._left.map(follow);
    this._changed.emit();
  }

  private _now: IHeld = NOTHING;
  private _isAsking = false;
  private _kernelProblem = '';
  private _left: readonly IHeld[] = [];
  private _isApplying = false;
  private _refused: {
    readonly held: IHeld;
    readonly problem: IProblem;
  } | null = null;
}

/** A text as a text field represents it. */
export function withLineFeeds(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
