import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import { Signal } from '@lumino/signaling';

import type { IPromptSource, IPromptText, ISuggestion } from './source';
import { fill } from './template';

/** A variable of a template, as the panel shows it. */
export interface IVariable {
  readonly name: string;
  /** Undefined until somebody says it; the field then stays as written. */
  readonly value: string | undefined;
  /** Where the value was found, in words; empty when typed by the user. */
  readonly from: string;
}

/** Where a prompt came from, in words. */
export interface IOrigin {
  readonly document: string;
  readonly place: readonly string[];
}

/** What is kept of a prompt when the page is reloaded. */
export interface ISavedPrompt {
  readonly text: IPromptText | null;
  readonly typed: Record<string, string>;
  /** Values found in a notebook that may be closed by then. */
  readonly found: Readonly<Record<string, ISuggestion>>;
  readonly edited: string | null;
  readonly left: string | null;
  readonly origin: IOrigin | null;
  readonly link: ReadonlyPartialJSONObject | null;
}

/**
 * The prompt: a source's text with its variables filled in, until it is edited
 * by hand. Then it no longer follows the source, and there is a way back.
 */
export class PromptModel implements IDisposable {
  /** The place that it came from; null when typed, or after a reload. */
  get source(): IPromptSource | null {
    return this._source;
  }

  /** Where it came from; told even when the source is gone. */
  get origin(): IOrigin | null {
    return this._source
      ? { document: this._source.document, place: this._source.place }
      : this._origin;
  }

  /** What leads to a source lost to a reload; null when none is lost. */
  get lostLink(): ReadonlyPartialJSONObject | null {
    return this._lostLink;
  }

  /** Whether the prompt was edited by hand and no longer follows its source. */
  get isEdited(): boolean {
    return this._edited !== null && this._text !== null;
  }

  /** Whether the source is gone, such as a deleted cell. */
  get isGone(): boolean {
    return this._source !== null && this._source.text === null;
  }

  /** In words: why the text may differ from the language's own; or empty. */
  get remark(): string {
    return this._edited === null ? (this._text?.problem ?? '') : '';
  }

  /** Whether there is no prompt, nor the start of one. */
  get isEmpty(): boolean {
    return this._text === null && (this._edited ?? '') === '';
  }

  /** The prompt as the model would get it. */
  get value(): string {
    if (this._edited !== null) {
      return this._edited;
    }
    return this._text === null ? '' : fill(this._text, this.values).value;
  }

  /** Values of the variables that have one, by name. */
  get values(): Readonly<Record<string, string>> {
    const values: Record<string, string> = {};
    for (const { name, value } of this.variables) {
      if (value !== undefined) {
        values[name] = value;
      }
    }
    return values;
  }

  /** The template's variables, each once, in order of appearance. */
  get variables(): readonly IVariable[] {
    const names = new Set(this._text?.fields.map(field => field.name));
    const found = this._found;
    return [...names].map(name => {
      if (Object.hasOwn(this._typed, name)) {
        return { name, value: this._typed[name], from: '' };
      }
      return Object.hasOwn(found, name)
        ? { name, value: found[name].value, from: found[name].from }
        : { name, value: undefined, from: '' };
    });
  }

  /** A text that was edited by hand and left for another prompt, or null. */
  get left(): string | null {
    return this._left;
  }

  /** Emitted when anything above may have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  dispose(): void {
    if (!this._isDisposed) {
      this._isDisposed = true;
      this._setSource(null);
      Signal.clearData(this);
    }
  }

  /** Settles when an edit made just now in the source is part of `value`. */
  async settled(): Promise<void> {
    try {
      await this._source?.settled();
    } catch (reason) {
      // What was read last is still a prompt.
      console.error('lit-lab: the source of a prompt cannot be read', reason);
    }
  }

  /** Take a source up; it is this model's to dispose of from now on. */
  open(source: IPromptSource): void {
    if (this._edited !== null && this._edited.trim() !== '') {
      this._left = this._edited;
    }
    const before = JSON.stringify(this.origin);
    this._setSource(source);
    this._text = source.text;
    if (JSON.stringify(this.origin) !== before) {
      this._typed = {};
    }
    this._edited = null;
    this._changed.emit();
  }

  /** Take the source that `lostLink` led to, if its text is still the same. */
  relink(source: IPromptSource): void {
    const text = source.text;
    if (
      this._lostLink !== null &&
      text !== null &&
      text.value === this._text?.value
    ) {
      this._setSource(source);
      this._text = text;
    } else {
      source.dispose();
      this._lostLink = null;
    }
    this._changed.emit();
  }

  /** Edit by hand. */
  edit(value: string): void {
    this._edited = value;
    const text = this._text && fill(this._text, this.values).value;
    // A text field makes all line breaks line feeds.
    if (text !== null && value === withLineFeeds(text)) {
      this._edited = null; // Typed back to what the source says.
    }
    this._changed.emit();
  }

  /** Follow the source again. */
  follow(): void {
    if (this._text !== null) {
      this._left = this._edited;
      this._edited = null;
      this._changed.emit();
    }
  }

  /** Go back to the text in `left`. */
  takeBack(): void {
    if (this._left !== null) {
      this._edited = this._left;
      this._left = null;
      this._changed.emit();
    }
  }

  /** Fill a variable in. */
  setVariable(name: string, value: string): void {
    this._typed = { ...this._typed, [name]: value };
    this._changed.emit();
  }

  /** What to keep over a reload. */
  save(): ISavedPrompt {
    return {
      text: this._text,
      typed: this._typed,
      found: this._found,
      edited: this._edited,
      left: this._left,
      origin: this.origin,
      link: this._source?.link ?? this._lostLink
    };
  }

  /** Take what was kept. */
  restore(saved: ISavedPrompt): void {
    this._setSource(null);
    this._text = saved.text;
    this._typed = saved.typed;
    this._kept = saved.found;
    this._edited = saved.edited;
    this._left = saved.left;
    this._origin = saved.origin;
    this._lostLink = saved.link;
    this._changed.emit();
  }

  /** Values that the source suggests, or did before the page was reloaded. */
  private get _found(): Readonly<Record<string, ISuggestion>> {
    return this._source?.suggestions ?? this._kept;
  }

  private _setSource(source: IPromptSource | null): void {
    if (this._source) {
      this._source.changed.disconnect(this._onSource, this);
      this._source.dispose();
    }
    this._source = source;
    this._origin = null;
    this._lostLink = null;
    source?.changed.connect(this._onSource, this);
  }

  private _onSource(source: IPromptSource): void {
    // A source that is gone leaves its last text: nothing is lost.
    this._text = source.text ?? this._text;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private _source: IPromptSource | null = null;
  private _origin: IOrigin | null = null;
  private _lostLink: ReadonlyPartialJSONObject | null = null;
  private _text: IPromptText | null = null;
  private _typed: Record<string, string> = {};
  private _kept: Readonly<Record<string, ISuggestion>> = {};
  private _edited: string | null = null;
  private _left: string | null = null;
  private _isDisposed = false;
}

/** A text as a text field shows it. */
export function withLineFeeds(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
