/** Texts with fields, made of what an expression was seen to make. */
import { MappedBuilder } from '../../session/mapped';
import type { ITextRun } from '../../session/source';
import { applyStep } from '../../session/steps';
import type { IText } from '../strings/evaluate';
import type { IFoundField } from '../strings/types';
import { keyOfPut } from './puts';
import type { IMade, ISeen } from './sightings';
import { stringOf } from './value';
import type { IPiece, IPut, ITextValue } from './value';

/** Longest value, in UTF-16 units, that is one line's field rather than part of the text. */
const MAX_VALUE = 100;

/** A text with fields. */
export interface IComposed extends Omit<IText, 'kind' | 'problems'> {
  /** The text as it was seen, of each part that isn't known its field as written. */
  readonly raw: string;
  /** Names whose texts are part of it. */
  readonly inlined: ReadonlySet<string>;
}

/** What composing needs. */
export interface IComposing {
  readonly seen: ReadonlyMap<string, ISeen>;
  /** The cell in whose source the text's literals are looked for. */
  readonly cell: number;
  /** The variable that the text is a state of. */
  readonly variable?: string;
}

/** A text as it was seen, of each part that isn't known its field as written. */
export function rawOf({ pieces }: ITextValue): string {
  return pieces.map(piece => piece.text).join('');
}

/** Whether a text is short enough to be a value, rather than a part of a prompt. */
export function isShort(text: string): boolean {
  return text.length <= MAX_VALUE && !/\n/.test(text);
}

/** Compose the texts that an expression was seen to make, each once. */
export function composeAll(made: IMade, how: IComposing): IComposed[] {
  const common = valuesPut(made.texts);
  const all = new Map<string, IComposed>();
  for (const text of made.texts) {
    const composed = compose(text, how, common);
    all.set(JSON.stringify([composed.value, composed.fields]), composed);
  }
  return [...all.values()];
}

/** What an expression put into all texts that one made, by what stands for it. */
type Put = ReadonlyMap<string, ReadonlySet<string>>;

function compose(text: ITextValue, how: IComposing, common: Put): IComposed {
  const raw = rawOf(text);
  const { before } = text;
  if (before === undefined) {
    return { ...new Composer(how, common).compose(text.pieces), raw };
  }
  const { value, map, fields, inlined } = compose(before.text, how, common);
  let after: { value: string; map: readonly ITextRun[]; fields: unknown } = {
    value,
    map,
    fields
  };
  for (const step of before.steps) {
    after = applyStep(after as Parameters<typeof applyStep>[0], step);
  }
  const { steps } = before;
  return {
    value: after.value,
    map: after.map,
    fields: after.fields as IFoundField[],
    ...(fields.length > 0 && { before: { value, map, fields, steps } }),
    inlined,
    raw
  };
}

/** Neighbouring pieces that one thing put into a text, or that nothing did. */
interface IGroup {
  readonly put: IPut | null;
  readonly pieces: IPiece[];
}

class Composer {
  constructor(how: IComposing, common: Put) {
    this._how = how;
    this._common = common;
  }

  compose(pieces: readonly IPiece[]): Omit<IComposed, 'raw'> {
    count(pieces, this._counts);
    this._write(pieces);
    if (this._named.size < this._fields.length) {
      this._settleNames(pieces);
    }
    return {
      ...this._builder.build(),
      fields: this._fields,
      inlined: this._inlined
    };
  }

  /** Write pieces, or what stands for them. */
  private _write(pieces: readonly IPiece[]): void {
    for (const { put, pieces: own } of grouped(pieces)) {
      if (put === null) {
        own.forEach(piece =>
          piece.open ? this._pushField(unplaced(piece)) : this._push(piece)
        );
      } else if (this._isField(put, own)) {
        this._pushField(put);
      } else {
        this._inlined.add(put.name);
        this._write(own);
      }
    }
  }

  /** Whether a name, call or field stays one, rather than its text. */
  private _isField(put: IPut, own: readonly IPiece[]): boolean {
    const { cell, variable } = this._how;
    const isOpen = own.some(piece => piece.open);
    if (isOpen) {
      return own.length === 1 && own[0].via === undefined;
    }
    const seen = this._seen(put);
    const values = seen?.options.map(({ value }) => stringOf(value)) ?? [];
    const known = this._common.get(keyOfPut(put));
    // It may be another value elsewhere, where the same code is run once more.
    const isTrue =
      seen !== undefined &&
      seen.why === null &&
      values.length === known?.size &&
      values.every(value => known.has(value ?? ''));
    if (
      !isTrue ||
      put.name === variable ||
      this._refused.has(keyOfPut(put)) ||
      this._counts.get(keyOfPut(put))!.size > 1
    ) {
      return false;
    }
    const text = own.map(piece => piece.text).join('');
    // Literals that a name is given by `+` are still one value.
    const isName = /^\w+$/.test(put.name);
    const isPlain =
      (own.length === 1 || isName) && own.every(({ via }) => via === undefined);
    const isHere = own.some(
      ({ cell: at, map, via }) => at === cell && (map.length > 0 || via)
    );
    return (isShort(text) && isPlain) || !isHere;
  }

  private _seen(put: IPut): ISeen | undefined {
    return this._how.seen.get(this._seenAs(put));
  }

  /** By which sightings know what an expression, or a field of a template, is. */
  private _seenAs(put: IPut): string {
    const key = keyOfPut(put);
    return this._how.seen.has(key) ? key : `${put.cell}:${put.from}`;
  }

  private _push({ text, map, cell }: IPiece): void {
    const isHere = cell === this._how.cell;
    this._builder.pushSlice(
      { value: text, map: isHere ? map : [] },
      0,
      text.length
    );
  }

  private _pushField(put: IPut): void {
    const { cell, from, to, written, name, wanted, format } = put;
    const start = this._builder.length;
    this._builder.push(
      written,
      cell === this._how.cell && from < to ? [from, to] : null
    );
    const seen = this._seen(put);
    this._fields.push({
      name,
      expression: written.replace(/^\{|\}$/g, ''),
      wanted,
      format,
      value: [start, this._builder.length],
      seen: this._seenAs(put)
    });
    const values = seen?.options.map(({ value }) => stringOf(value));
    const what = JSON.stringify([values, seen?.why?.cause]);
    const names = this._named.get(name) ?? new Map<string, IPut[]>();
    names.set(what, [...(names.get(what) ?? []), put]);
    this._named.set(name, names);
  }

  /** One name stands for one value: others are written as they are, or renamed. */
  private _settleNames(pieces: readonly IPiece[]): void {
    let isRefused = false;
    const renamed = new Map<string, string>();
    for (const [name, all] of this._named) {
      [...all].slice(1).forEach(([what, puts], index) => {
        const isKnown = (JSON.parse(what) as [unknown[]?])[0]?.length === 1;
        for (const put of puts) {
          if (isKnown && !this._refused.has(keyOfPut(put))) {
            this._refused.add(keyOfPut(put));
            isRefused = true;
          }
          renamed.set(this._seenAs(put), `${name} (${index + 2})`);
        }
      });
    }
    if (isRefused) {
      this._builder = new MappedBuilder();
      this._fields = [];
      this._named.clear();
      this._write(pieces);
    }
    this._fields = this._fields.map(field => ({
      ...field,
      name: renamed.get(field.seen ?? '') ?? field.name
    }));
  }

  private readonly _how: IComposing;
  private readonly _common: Put;
  private readonly _counts = new Map<string, Set<IPut>>();
  private readonly _inlined = new Set<string>();
  private readonly _refused = new Set<string>();
  private readonly _named = new Map<string, Map<string, IPut[]>>();
  private _builder = new MappedBuilder();
  private _fields: IFoundField[] = [];
}

/** What stands for an open piece of which nothing says where it comes from. */
function unplaced({ text, cell }: IPiece): IPut {
  const name = text.replace(/^\{|\}$/g, '');
  return {
    cell,
    from: 0,
    to: 0,
    written: text,
    name,
    wanted: null,
    format: ''
  };
}

/** Pieces by what put them into their text last, without that. */
function grouped(pieces: readonly IPiece[]): IGroup[] {
  const groups: IGroup[] = [];
  for (const piece of pieces) {
    const put = piece.via?.put ?? null;
    const last = groups[groups.length - 1];
    const { via, ...rest } = piece;
    const inner = via?.inner ? { ...rest, via: via.inner } : rest;
    if (last !== undefined && last.put === put) {
      last.pieces.push(inner);
    } else {
      groups.push({ put, pieces: [inner] });
    }
  }
  return groups;
}

/** How often each expression puts something into a text. */
function count(
  pieces: readonly IPiece[],
  counts: Map<string, Set<IPut>>
): void {
  for (const { via } of pieces) {
    for (let each = via; each; each = each.inner) {
      const key = keyOfPut(each.put);
      counts.set(key, (counts.get(key) ?? new Set()).add(each.put));
    }
  }
}

/** What each expression puts into texts. */
function valuesPut(texts: readonly ITextValue[]): Put {
  const found = new Map<string, Set<string>>();
  for (const text of texts) {
    const all = new Map<IPut, string>();
    for (const piece of (text.before?.text ?? text).pieces) {
      for (let each = piece.via; each; each = each.inner) {
        all.set(each.put, (all.get(each.put) ?? '') + piece.text);
      }
    }
    for (const [put, value] of all) {
      const key = keyOfPut(put);
      found.set(key, (found.get(key) ?? new Set()).add(value));
    }
  }
  return found;
}
