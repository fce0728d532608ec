/** Records of a notebook's evaluation. */
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

/** Limit on recorded calls that fill texts in. */
const MAX_REACHES = 10_000;

/** The values of a replacement field. */
export interface ISeen {
  readonly options: readonly IOption[];
  /** Why it has, or may have, a value that isn't known. */
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

/** The texts that an expression, or `+=`, makes. */
export interface IMade {
  readonly texts: readonly ITextValue[];
  /** Why it makes, or may make, something that isn't known. */
  readonly why: IWhy | null;
  /** Whether it depends on an unknown branch or loop if it runs. */
  readonly isMaybe: boolean;
}

/** Nodes that make or name texts. */
export const MADE =
  /^((Binary|Call|Conditional|Member|Parenthesized)Expression|(Format|Continued)String|UpdateStatement|VariableName)$/;

/** Limit on recorded texts of one expression. */
const MAX_TEXTS = 30;

/** Limit on parts of a cell that are left, before the whole cell is. */
const MAX_LEFT = 100;

/** Code that was left: what it does isn't known. */
class LeftCode {
  /** Record that code was left. */
  add(extent: IExtent, why: IWhy): void {
    const all = this._all.get(extent.cell) ?? [];
    this._all.set(extent.cell, all);
    if (all.length < MAX_LEFT) {
      all.push({ extent, why });
    } else {
      // Too many: this stands for the whole cell.
      all[0] = { extent: { ...extent, from: 0, to: Infinity }, why };
    }
  }

  /** Why code at a key `cell:offset…` isn't known; null if it wasn't left. */
  at(key: string): IWhy | null {
    if (this._all.size === 0) {
      return null;
    }
    const [cell, at] = key.split(':').map(Number);
    const left = this._all
      .get(cell)
      ?.find(({ extent: { from, to } }) => from <= at && at < to);
    return left?.why ?? null;
  }

  private readonly _all = new Map<number, { extent: IExtent; why: IWhy }[]>();
}

/** Values of fields. `get` gives those in code that was left, too, as not known. */
class Seen extends Map<string, ISeen> {
  constructor(private readonly _left: LeftCode) {
    super();
  }

  get(key: string): ISeen | undefined {
    const seen = super.get(key);
    const why = seen?.why ?? this._left.at(key);
    return why === null ? seen : { ...(seen ?? NEVER), why };
  }
}

const NEVER = { options: [], each: false, isDefault: false };

/** Texts of expressions. `get` gives those in code that was left as not known. */
class Made extends Map<string, IMade> {
  constructor(private readonly _left: LeftCode) {
    super();
  }

  get(key: string): IMade | undefined {
    const made = super.get(key);
    return made && { ...made, why: made.why ?? this._left.at(key) };
  }
}

/** Records of fields, of texts, and of calls that fill texts in. */
export class Sightings {
  private readonly _left = new LeftCode();

  /**
   * Fields by `cell:offset` of their brace, and other expressions that are put into
   * texts by `cell:from:to`.
   */
  readonly seen = new Seen(this._left);
  readonly reaches: IReach[] = [];
  readonly chats: IChat[] = [];
  /** Texts by `cell:from:to` of the expression that makes them. */
  readonly texts = new Made(this._left);

  /** Record the text that an expression makes. */
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

  /** Record the value of the field with that key, `cell:offset`. */
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

  /** Record a value for the field with that key, in case no other is recorded. */
  assume(key: string, binding: IBinding): void {
    this._assumed.push([key, binding]);
  }

  /** Record that code was left. */
  leave(extent: IExtent, why: IWhy): void {
    this._left.add(extent, why);
  }

  /** End the recording. */
  settle(): void {
    const open = this._assumed.filter(([key]) => !this.seen.has(key));
    open.forEach(([key, binding]) => this.see(key, binding));
    this._assumed.length = 0;
  }

  /** Record a conversation template. */
  chat(chat: IChat): void {
    if (this.chats.length < MAX_REACHES) {
      this.chats.push(chat);
    }
  }

  /** Record a call that fills a text in. */
  reach(reach: IReach): void {
    if (this.reaches.length < MAX_REACHES) {
      this.reaches.push(reach);
    }
  }

  private readonly _assumed: (readonly [string, IBinding])[] = [];
}
