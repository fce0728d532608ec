/** What is seen of a notebook while its code is gone through. */
import type { IMarker } from '../../session/source';
import type { IArguments } from '../strings/format';
import type { IWriting } from '../strings/library';
import { MAX_REMEMBERED } from './memory';
import { optionsOf } from './choose';
import { stringOf } from './value';
import type {
  IBinding,
  IExtent,
  IMessage,
  IOption,
  ITextValue,
  IWhy,
  Value
} from './value';

/** Most calls that fill texts in. */
const MAX_REACHES = 10_000;

/** What a replacement field was seen to be. */
export interface ISeen {
  readonly options: readonly IOption[];
  /** Why it was, or may be, something that isn't known. */
  readonly why: IWhy | null;
  /** Whether each of the options occurs. */
  readonly each: boolean;
  /** Whether the only value is a parameter's default. */
  readonly isDefault: boolean;
}

/** A call that fills in the text that some expression made. */
export interface IReach {
  readonly how: IWriting;
  readonly text: ITextValue;
  /** The call's arguments, or the right side of `%`, as written. */
  readonly args: IArguments;
  /** The markers that `.replace` replaces; `how` has no meaning then. */
  readonly markers?: readonly IMarker[];
}

/** A conversation template: a list of messages with placeholders. */
export interface IChat {
  /** Its list, or the call that makes it. */
  readonly extent: IExtent;
  readonly variable?: string;
  readonly messages: readonly IMessage[];
}

/** What an expression, or `+=`, was seen to make. */
export interface IMade {
  readonly texts: readonly ITextValue[];
  /** Why it makes, or may make, something that isn't known. */
  readonly why: IWhy | null;
  /** Whether a branch or loop that isn't known decides if it is run. */
  readonly isMaybe: boolean;
}

/** What texts are made by, or named. */
export const MADE =
  /^((Binary|Call|Conditional|Member|Parenthesized)Expression|(Format|Continued)String|UpdateStatement|VariableName)$/;

/** Most texts of one expression that are remembered. */
const MAX_TEXTS = 30;

/** Most parts of a cell that are left one by one. */
const MAX_LEFT = 100;

/** What fields were seen to be, by `cell:offset`; those in code that was left are open. */
class Seen extends Map<string, ISeen> {
  get(key: string): ISeen | undefined {
    const seen = super.get(key);
    const why = seen?.why ?? this.leftBy(key);
    return why === null ? seen : { ...(seen ?? NEVER), why };
  }

  /** Note that code was left. */
  leave(extent: IExtent, why: IWhy): void {
    const all = this._left.get(extent.cell) ?? [];
    this._left.set(extent.cell, all);
    if (all.length < MAX_LEFT) {
      all.push({ extent, why });
    } else {
      // So many stand for all of the cell.
      all[0] = { extent: { ...extent, from: 0, to: Infinity }, why };
    }
  }

  /** Why no more is known of what is at a key; null where its code wasn't left. */
  leftBy(key: string): IWhy | null {
    if (this._left.size === 0) {
      return null;
    }
    const [cell, at] = key.split(':').map(Number);
    const left = this._left
      .get(cell)
      ?.find(({ extent: { from, to } }) => from <= at && at < to);
    return left?.why ?? null;
  }

  /** All is seen. */
  settle(): void {
    for (const key of this.keys()) {
      this.set(key, this.get(key)!);
    }
  }

  private readonly _left = new Map<number, { extent: IExtent; why: IWhy }[]>();
}

const NEVER = { options: [], each: false, isDefault: false };

/** Fields, texts, and calls that fill texts in. */
export class Sightings {
  /**
   * Fields by `cell:offset` of their brace, and other expressions that are put into
   * texts by `cell:from:to`.
   */
  readonly seen = new Seen();
  readonly reaches: IReach[] = [];
  readonly chats: IChat[] = [];
  /** Texts by `cell:from:to` of the expression that makes them. */
  readonly texts = new Map<string, IMade>();

  /** Note what an expression makes. */
  make({ cell, from, to }: IExtent, value: Value, isMaybe: boolean): void {
    const key = `${cell}:${from}:${to}`;
    const place = { cell, at: from };
    const before = this.texts.get(key);
    const options = value.type === 'choice' ? value.options : [{ value }];
    const texts = options.flatMap(option =>
      option.value.type === 'text' ? [option.value] : []
    );
    const all = [...(before?.texts ?? []), ...texts];
    const why =
      value.type === 'unknown'
        ? value.why
        : texts.length < options.length
          ? { cause: 'run' as const, place } // It may be no text at all.
          : all.length > MAX_TEXTS
            ? { cause: 'limit' as const, place }
            : null;
    this.texts.set(key, {
      texts: all.slice(-MAX_TEXTS),
      why: before?.why ?? why,
      isMaybe: isMaybe || before?.isMaybe === true
    });
  }

  /** Note what the field of that key, `cell:offset`, is. */
  see(key: string, binding: IBinding): void {
    const before = this.seen.get(key);
    const { value } = binding;
    const options = [...(before?.options ?? [])];
    let why = before?.why ?? null;
    for (const option of optionsOf(binding)) {
      if (option.value.type === 'unknown') {
        why ??= option.value.why;
      } else if (option.value.type === 'text') {
        const text = stringOf(option.value);
        const open = option.value.pieces.find(piece => piece.open)?.open;
        if (text === null) {
          why ??= open ?? null;
        } else if (!options.some(({ value: v }) => stringOf(v) === text)) {
          options.push(option);
        }
      }
    }
    this.seen.set(key, {
      options: options.slice(0, MAX_REMEMBERED),
      why:
        options.length > MAX_REMEMBERED
          ? { cause: 'limit', place: binding.place }
          : why,
      each: (before?.each ?? true) && (value.type !== 'choice' || value.each),
      isDefault: (before?.isDefault ?? true) && binding.isDefault === true
    });
  }

  /** Note what the field of that key is where nothing else is seen of it. */
  assume(key: string, binding: IBinding): void {
    this._assumed.push([key, binding]);
  }

  /** Code of which no more is known than was seen so far. */
  leave(extent: IExtent, why: IWhy): void {
    this.seen.leave(extent, why);
  }

  /** All is seen. */
  settle(): void {
    const open = this._assumed.filter(([key]) => !this.seen.has(key));
    open.forEach(([key, binding]) => this.see(key, binding));
    this._assumed.length = 0;
    for (const [key, made] of this.texts) {
      const why = made.why ?? this.seen.leftBy(key);
      this.texts.set(key, { ...made, why });
    }
    this.seen.settle();
  }

  /** Note a conversation template. */
  chat(chat: IChat): void {
    if (this.chats.length < MAX_REACHES) {
      this.chats.push(chat);
    }
  }

  /** Note a call that fills a text in. */
  reach(reach: IReach): void {
    if (this.reaches.length < MAX_REACHES) {
      this.reaches.push(reach);
    }
  }

  private readonly _assumed: (readonly [string, IBinding])[] = [];
}
