import type { Token } from '../api';
import { markOf } from '../map/marked';
import type { TokenSpan } from '../salience';
import { Model } from '../session/model';
import { withLineFeeds } from '../session/prompt';
import type { IRun } from '../session/run';
import { coreOf, MAX_TRIAL_PARTS } from './trial';

/** A part for which the user types another text. */
export interface IDraft {
  readonly span: TokenSpan;
  /** The part's text, without the blanks at its ends. */
  readonly old: string;
  /** What the user typed; at first the old text. */
  readonly text: string;
  /** What in a panel had the focus before, and gets it back. */
  readonly opener: HTMLElement;
  /** How often the user has opened drafts: another number each time. */
  readonly opened: number;
}

/**
 * What the user prepares for trials of the shown run: the parts that are marked to be
 * tried away together, and the text that is typed for one. A run of another prompt clears both.
 */
export class TrialParts extends Model {
  /** The marked parts of the prompt, in order and without overlap; the same array while they don't change. */
  get marked(): readonly TokenSpan[] {
    return this._marked;
  }

  /** The part that gets another text, or null. */
  get draft(): IDraft | null {
    return this._draft;
  }

  /** The text of a trial of the draft, with the line breaks that the part has; null: none. */
  get replacement(): string | null {
    const { old = '', text = '' } = this._draft ?? {};
    return text.trim() === '' ? null : withBreaksOf(old, text);
  }

  /** Belong to the run that is shown now. */
  follow(run: IRun): void {
    if (!isSame(this._tokens, run.promptTokens)) {
      this._marked = [];
      this._isFull = false;
      this._draft = null;
      this._texts.clear();
      this._changed.emit();
    }
    this._tokens = run.promptTokens;
  }

  /** Mark a part of the prompt; if all of it is marked, unmark it. */
  toggle(span: TokenSpan): void {
    const others = this._marked.flatMap(each => outside(each, span));
    const isMarked = markOf(span, this._marked) === true;
    const next = isMarked ? others : [...others, span];
    this._isFull = !isMarked && next.length > MAX_TRIAL_PARTS;
    if (!this._isFull) {
      this._marked = next.sort(([one], [other]) => one - other);
    }
    this._changed.emit();
  }

  /** Whether the last part wasn't marked because there are as many as a trial takes. */
  get isFull(): boolean {
    return this._isFull;
  }

  /** Unmark all. */
  clear(): void {
    this._marked = [];
    this._isFull = false;
    this._changed.emit();
  }

  /** Let the user type another text for a part of a run's prompt, or continue with one that was typed before. */
  edit(run: IRun, span: TokenSpan, opener: HTMLElement): void {
    const old = coreOf(run, span);
    const text = this._texts.get(span.join()) ?? withLineFeeds(old);
    this._opened += 1;
    this._draft = { span, old, text, opener, opened: this._opened };
    this._wantsFocus = true;
    this._changed.emit();
  }

  /** Whether the draft was opened, and hasn't taken the focus yet; asking answers no from then on. */
  takeFocus(): boolean {
    const wants = this._wantsFocus;
    this._wantsFocus = false;
    return wants;
  }

  /** Take what the user typed. */
  write(text: string): void {
    if (this._draft) {
      this._draft = { ...this._draft, text };
      this._texts.set(this._draft.span.join(), text);
      this._changed.emit();
    }
  }

  /** Leave the draft, and what was typed. */
  close(): void {
    if (this._draft) {
      this._texts.delete(this._draft.span.join());
    }
    this._draft = null;
    this._changed.emit();
  }

  private _tokens: readonly Token[] = [];
  private _marked: readonly TokenSpan[] = [];
  private _isFull = false;
  private _draft: IDraft | null = null;
  /** What was typed and neither tried nor left, by part. */
  private readonly _texts = new Map<string, string>();
  private _opened = 0;
  private _wantsFocus = false;
}

/** What of a span isn't in another one. */
function outside([start, end]: TokenSpan, [from, to]: TokenSpan): TokenSpan[] {
  const rest: TokenSpan[] = [
    [start, Math.min(end, from)],
    [Math.max(start, to), end]
  ];
  return rest.filter(([one, other]) => one < other);
}

function isSame(one: readonly Token[], other: readonly Token[]): boolean {
  return (
    one === other ||
    (one.length === other.length &&
      one.every(
        ({ id, text }, i) => id === other[i].id && text === other[i].text
      ))
  );
}

/** A text with another one's line breaks, if these are all of one kind: a field has line feeds only. */
function withBreaksOf(old: string, text: string): string {
  const [kind = '\n', ...others] = new Set(old.match(/\r\n?|\n/g));
  return others.length === 0 ? text.replace(/\n/g, kind) : text;
}
