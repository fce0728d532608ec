import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import type { RunOrigin, Turn } from '../api';
import { textOfTurns } from './conversation';
import {
  filledOf,
  filledTurnsOf,
  foundOf,
  isAsFound,
  isSamePlace,
  namesOf,
  NOTHING,
  originOf,
  saveHeld,
  valuesOf,
  wouldBeMissed
} from './held';
import type { IHeld, IOrigin, ISavedText } from './held';
import type { IPromptSource } from './source';
import { Model } from './model';

export type { IOrigin } from './held';

/** A variable of a template, as the panel shows it. */
export interface IVariable {
  readonly name: string;
  /** Undefined until somebody says it; the field then stays as written. */
  readonly value: string | undefined;
  /** Where the value was found, in words; empty when typed by the user. */
  readonly from: string;
}

/** What is kept of a prompt when the page is reloaded. */
export interface ISavedPrompt extends ISavedText {
  /** Texts that were edited by hand and left, each with its place; the last one left is last. */
  readonly left: readonly ISavedText[];
}

/** Most texts that can be gone back to: a page's state is small. */
const MOST_LEFT = 5;

/**
 * The prompt: a source's text with its variables filled in, until it is edited
 * by hand. Then it no longer follows the source, and there is a way back.
 *
 * A text that was edited by hand and left for another prompt can be gone back
 * to, with its place: text and place never come apart.
 */
export class PromptModel extends Model {
  /** The place that it came from; null when typed, or after a reload. */
  get source(): IPromptSource | null {
    return this._now.source;
  }

  /** Where it came from; shown even when the source is gone. */
  get origin(): IOrigin | null {
    return originOf(this._now);
  }

  /** The origin as a run's request says it, within the server's bounds. */
  get runOrigin(): RunOrigin | null {
    const { origin } = this;
    return (
      origin && {
        document: origin.document.slice(0, 4096),
        place: origin.place.slice(0, 20).map(part => part.slice(0, 500))
      }
    );
  }

  /** What leads to a source lost to a reload; null when none is lost. */
  get lostLink(): ReadonlyPartialJSONObject | null {
    return this._now.source === null ? this._now.link : null;
  }

  /** Whether the prompt was edited by hand and no longer follows its source. */
  get isEdited(): boolean {
    return this._now.edited !== null && this._now.text !== null;
  }

  /**
   * Whether the place is gone, such as a deleted cell; or says something else
   * since a reload, so that it isn't followed any more.
   */
  get isGone(): boolean {
    const { source, isLost } = this._now;
    return source === null ? isLost : source.text === null;
  }

  /** In words: why the text may differ from the language's own; or empty. */
  get remark(): string {
    const { edited, text } = this._now;
    return edited === null ? (text?.problem ?? '') : '';
  }

  /** Whether there is no prompt, nor the start of one. */
  get isEmpty(): boolean {
    const { edited, text } = this._now;
    return text === null && (edited ?? '') === '';
  }

  /** The prompt as the model would get it. */
  get value(): string {
    return this._now.edited ?? filledOf(this._now) ?? '';
  }

  /** The conversation that the prompt is; null: it is a text. */
  get turns(): readonly Turn[] | null {
    const { edited, turns = null } = this._now;
    return edited === null ? filledTurnsOf(this._now) : turns;
  }

  /** Values of the variables that have one, by name. */
  get values(): Readonly<Record<string, string>> {
    return valuesOf(this._now);
  }

  /** The template's variables, each once, in order of appearance. */
  get variables(): readonly IVariable[] {
    const found = foundOf(this._now);
    const values = this.values;
    return namesOf(this._now).map(name => {
      const isTyped = Object.hasOwn(this._now.typed, name);
      const isFound = !isTyped && Object.hasOwn(found, name);
      return {
        name,
        value: Object.hasOwn(values, name) ? values[name] : undefined,
        from: isFound ? found[name].from : ''
      };
    });
  }

  /** A text that was edited by hand and left for another prompt, or null. */
  get left(): string | null {
    return this._back?.edited ?? null;
  }

  /** Where the text in `left` came from; null where that isn't known. */
  get leftOrigin(): IOrigin | null {
    return this._back && originOf(this._back);
  }

  /** Whether going back leads to another place than the prompt's. */
  get isLeftElsewhere(): boolean {
    return this._back !== null && !isSamePlace(this._back, this._now);
  }

  protected release(): void {
    this._become(NOTHING, []);
  }

  /** Settles when an edit made just now in the source is part of `value`. */
  async settled(): Promise<void> {
    try {
      await this.source?.settled();
    } catch (reason) {
      // What was read last is still a prompt.
      console.error('lit-lab: the source of a prompt cannot be read', reason);
    }
  }

  /** Take a source up; it is this model's to dispose of from now on. */
  open(source: IPromptSource): void {
    const opened: IHeld = { ...NOTHING, source, text: source.text };
    const typed = isSamePlace(opened, this._now) ? this._now.typed : {};
    const left = wouldBeMissed(this._now)
      ? [...this._left, this._now]
      : this._left;
    this._become({ ...opened, typed }, left);
    this._changed.emit();
  }

  /** Take the source that `lostLink` led to, if its text is still the same. */
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

  /** Edit by hand. */
  edit(value: string): void {
    const text = filledOf(this._now);
    // A text field makes all line breaks line feeds.
    const isBack =
      text !== null &&
      value === withLineFeeds(text) &&
      isAsFound(this._now, null);
    // Typed back to what the source says?
    this._now = { ...this._now, edited: isBack ? null : value, turns: null };
    this._changed.emit();
  }

  /** Edit by hand, as a conversation of one turn or more. */
  editTurns(turns: readonly Turn[]): void {
    const isBack = isAsFound(this._now, turns);
    this._now = isBack
      ? { ...this._now, edited: null, turns: null }
      : { ...this._now, edited: textOfTurns(turns), turns };
    this._changed.emit();
  }

  /** Follow the source again. */
  follow(): void {
    const now = this._now;
    if (now.text !== null) {
      const left = wouldBeMissed(now) ? [...this._left, now] : this._left;
      this._become({ ...now, edited: null, turns: null }, left);
      this._changed.emit();
    }
  }

  /**
   * Go back to the text in `left`, and to its place. One that was edited by hand
   * meanwhile comes after the others that were left.
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

  /** Fill a variable in. */
  setVariable(name: string, value: string): void {
    const { typed } = this._now;
    this._now = { ...this._now, typed: { ...typed, [name]: value } };
    this._changed.emit();
  }

  /** What to keep over a reload. */
  save(): ISavedPrompt {
    return { ...saveHeld(this._now), left: this._left.map(saveHeld) };
  }

  /** Take what was kept. */
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

  /** Hold these texts, and let go of the sources that none of them needs. */
  private _become(now: IHeld, left: readonly IHeld[]): void {
    const before = this._sources;
    this._now = now;
    this._left = left.slice(-MOST_LEFT);
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
    // A source that is gone leaves its last text: nothing is lost.
    const follow = (held: IHeld): IHeld =>
      held.source === source && text !== null ? { ...held, text } : held;
    this._now = follow(this._now);
    this._left = this._left.map(follow);
    this._changed.emit();
  }

  private _now: IHeld = NOTHING;
  private _left: readonly IHeld[] = [];
}

/** A text as a text field shows it. */
export function withLineFeeds(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
