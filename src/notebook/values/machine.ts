/** Evaluates a notebook's code, and records what it finds. */
import type { SyntaxNode } from '@lezer/common';

import { BUILTINS, isUnderstood } from './builtins';
import { choose, lift } from './choose';
import { Counting } from './counting';
import { effectsOf } from './effects';
import { hasGrown, loseParts, lostBy } from './losing';
import { Memory, MAX_REMEMBERED, Scope } from './memory';
import type { IRemembered } from './memory';
import { MADE, Sightings } from './sightings';
import { unknown } from './value';
import type {
  IBinding,
  IFunctionValue,
  IGrowth,
  IPlace,
  IWhy,
  Value
} from './value';
import type { IText } from '../strings/evaluate';
import type { NameLookup } from '../strings/types';

/** Evaluates nodes of one kind, which may change what is known. */
export type ExpressionRule = (m: Machine, node: SyntaxNode) => Value;
export type StatementRule = (m: Machine, node: SyntaxNode) => void;

/** Rules by the names of nodes. */
export interface IRules {
  readonly expressions: ReadonlyMap<string, ExpressionRule>;
  readonly statements: ReadonlyMap<string, StatementRule>;
}

/** A cell that is evaluated. */
export interface ICode {
  readonly cell: number;
  readonly source: string;
}

/** How code that may run at any time looks up names of the notebook. */
export interface IAnytime {
  /** When the function was defined. */
  readonly order: number;
  /** Whether unknown code may call it, or that moment isn't known. */
  readonly isEscaped: boolean;
}

/** Evaluates the code of a notebook, and knows the values of its names. */
export class Machine extends Counting {
  /**
   * @param later - the memory of an earlier passage, for names that are used
   *   before they have one.
   * @param rank - of a cell among all, in the order that they ran in.
   * @param isLate - whether the current cell's time is over.
   */
  constructor(
    readonly rules: IRules,
    readonly lookup: NameLookup,
    private readonly _later: Memory | null,
    private readonly _rank: (cell: number) => number,
    isLate: () => boolean
  ) {
    super(isLate);
    this.scope = this.memory.module;
    this.memory.onLose = value =>
      this.lose(value, { cause: 'changed', place: this.place(0) });
    this.memory.onWork = cost => this.work(cost);
    this.memory.onBind = (name, binding) => {
      const isTouched = this._touchable.has(name) || this._sticky.has(name);
      if (isTouched || this._stuck !== null) {
        this.lose(binding.value, { cause: 'changed', place: binding.place });
      }
      return binding;
    };
  }

  readonly memory = new Memory();
  scope: Scope;
  code: ICode = { cell: 0, source: '' };
  anytime: IAnytime | null = null;
  /** Above 0 while nothing is recorded. */
  muted = 0;
  /** Whether the code is in a loop that is evaluated round by round. */
  isInRounds = false;
  /** Number of branches and loops around the code. */
  branching = 0;
  /** Returned values of the current function. */
  returns: IBinding[] = [];
  hasEnded = false;
  calls = 0;

  sightings = new Sightings();
  /** Items that were appended to lists, in order. */
  readonly growths: IGrowth[] = [];
  /** Literals as they were read, by `cell:offset`. */
  readonly literals = new Map<string, IText | null>();
  readonly functions = new Map<
    string,
    { value: IFunctionValue; code: ICode }
  >();
  readonly called = new Set<string>();
  readonly escaped = new Set<string>();
  /** Whether unknown code may bind any name from here on. */
  isWild = false;
  /** Whether a name was used that has no value yet. */
  isEarly = false;

  /**
   * Begin a cell.
   *
   * @param isLater - whether a function of it is evaluated after all cells. A
   *   cell's functions share a budget.
   */
  enter(code: ICode, isLater = false): void {
    this.code = code;
    this.scope = this.memory.module;
    this.muted = this.branching = this.calls = 0;
    this.begin(code.cell, code.source.length, isLater);
    this.returns = [];
    this.hasEnded = this.isInRounds = false;
    this._running.length = 0;
    this.memory.settle();
  }

  place(at: number): IPlace {
    return { cell: this.code.cell, at };
  }

  /** Look up a name in the current scope. */
  name(name: string, place: IPlace): IBinding {
    const sticky = this._stuck ?? this._sticky.get(name);
    if (sticky !== undefined) {
      return { value: { type: 'unknown', why: sticky }, place: sticky.place };
    }
    for (let scope: Scope | null = this.scope; scope; scope = scope.outer) {
      if (scope.kind === 'module') {
        break;
      }
      if (scope.kind === 'class' && scope !== this.scope) {
        continue;
      }
      if (scope.globals.has(name)) {
        break;
      }
      const bound = scope.names.get(name);
      const isOuter = this.anytime !== null && !this.isRunning(scope);
      if (bound !== undefined) {
        return isOuter && (scope.local.get(name) ?? 0) > 1
          ? { value: unknown('run', bound.place), place: bound.place }
          : bound;
      }
      if (scope.local.has(name) && !scope.nonlocals.has(name)) {
        return { value: unknown('unbound', place), place };
      }
    }
    return this._global(name, place);
  }

  /** Whether a name is Python's own here, and not the notebook's. */
  isPythons(name: string): boolean {
    const { memory } = this;
    const place = this.place(0);
    if (memory.get(memory.module, name) || memory.history.has(name)) {
      return false;
    }
    const { value } = this.name(name, place);
    return (
      value.type === 'builtin' ||
      (value.type === 'unknown' && value.why.cause === 'python')
    );
  }

  /** Bind a name in the current scope. */
  bind(name: string, binding: IBinding | undefined): void {
    let { scope } = this;
    if (scope.globals.has(name)) {
      scope = this.memory.module;
    } else if (scope.nonlocals.has(name)) {
      do {
        scope = scope.outer ?? this.memory.module;
      } while (scope.kind !== 'module' && !scope.local.has(name));
    }
    this.memory.set(scope, name, binding);
  }

  /** Unknown code may change a value, keep it, or call it. */
  lose(value: Value, why: IWhy, seen = new Set<Value>()): void {
    loseParts(
      value,
      why,
      seen,
      called => this._escape(called, why),
      () => this.work(1)
    );
  }

  /** Apply a function to values, or to each combination of their options. */
  each(
    values: readonly Value[],
    work: (values: readonly Value[]) => Value,
    place: IPlace
  ): Value {
    return lift(values, work, place, this.memory.onLose);
  }

  /** The value that unknown code makes of others. */
  unknown(values: readonly Value[], place: IPlace): Value {
    const reasons = values.map(lostBy);
    const why: IWhy = { cause: 'changed', place };
    values.forEach(value => this.lose(value, why));
    if (this.isWild) {
      this.forget('anything', place);
    }
    const first = reasons.find(reason => reason !== null);
    return first ? { type: 'unknown', why: first } : unknown('run', place);
  }

  /** From here on, code that may run at any time may bind a name. */
  stick(name: string, why: IWhy): void {
    this._sticky.set(name, why);
  }

  /** From here on, unknown code may bind any name, and call any function. */
  stickAll(why: IWhy): void {
    this._stuck ??= why;
    for (const key of this.functions.keys()) {
      this.escaped.add(key);
    }
  }

  get isStuck(): boolean {
    return this._stuck !== null;
  }

  /** Forget all names and lose their values: code may have changed any. */
  forget(cause: IWhy['cause'], place: IPlace): void {
    const seen = new Set<Value>();
    for (const { value } of this.memory.module.names.values()) {
      // Most may have been forgotten before.
      if (value.type !== 'unknown') {
        this.lose(value, { cause, place }, seen);
      }
    }
    this.memory.forget(cause, place);
  }

  /** Record the value of the field at an offset of the cell. */
  see(at: number, binding: IBinding): void {
    this.seeAt(`${this.code.cell}:${at}`, binding);
  }

  /** Record the value of the field with that key. */
  seeAt(key: string, binding: IBinding): void {
    this.note(sightings => sightings.see(key, binding));
  }

  /** From here on, fields in a node aren't known. */
  leave({ from, to }: SyntaxNode, place: IPlace): void {
    const { cell } = this.code;
    this.sightings.leave({ cell, from, to }, { cause: 'limit', place });
  }

  /** Record something, unless muted. */
  note(what: (sightings: Sightings) => void): void {
    if (this.muted === 0) {
      what(this.sightings);
    }
  }

  /** Record the text that an expression, or `+=`, makes. */
  make({ name, from, to }: SyntaxNode, value: Value): void {
    if (this.muted === 0 && MADE.test(name)) {
      const extent = { cell: this.code.cell, from, to };
      this.sightings.make(extent, value, this.branching > 0);
    }
  }

  /** Whether a scope is that of a function that is running. */
  isRunning(scope: Scope): boolean {
    return this._running.includes(scope);
  }

  /** Run a function's body in a scope, as code of the cell that defines it. */
  inside<T>(scope: Scope, code: ICode, work: () => T): T {
    const before = [this.scope, this.code] as const;
    this.scope = scope;
    this.code = code;
    this._running.push(scope);
    const value = work();
    this._running.pop();
    [this.scope, this.code] = before;
    return value;
  }

  private _escape(value: IFunctionValue, why: IWhy): void {
    if (this.escaped.has(value.key)) {
      return;
    }
    this.escaped.add(value.key);
    const code = this.functions.get(value.key)?.code;
    if (code === undefined) {
      return;
    }
    value.parameters.defaults.forEach(({ value: initial }) =>
      this.lose(initial, why)
    );
    this.expose(value.node, code.source, value.scope as Scope, why);
  }

  /** From here on, code in `node` may run at any time. */
  expose(node: SyntaxNode, source: string, around: Scope, why: IWhy): void {
    this.scan(node);
    const { binds, touches, isWild } = effectsOf(node, source);
    binds.forEach(name => this._sticky.set(name, why));
    touches.forEach(name => this._touchable.add(name));
    this.isWild ||= isWild;
    for (const name of [...binds, ...touches]) {
      for (let scope: Scope | null = around; scope; scope = scope.outer) {
        const bound = scope.names.get(name);
        if (bound !== undefined) {
          this.lose(bound.value, why);
        }
      }
    }
  }

  /** Look up a name of the notebook. */
  private _global(name: string, place: IPlace): IBinding {
    const { memory, anytime } = this;
    if (anytime !== null) {
      const values = memory.since(name, anytime.order, anytime.isEscaped);
      if (values.length > 0) {
        return this._atAnyTime(name, values, anytime, place);
      }
    } else {
      const bound = memory.get(memory.module, name);
      if (bound !== undefined) {
        return bound;
      }
    }
    if (isUnderstood(name)) {
      return { value: { type: 'builtin', name }, place };
    }
    if (BUILTINS.has(name)) {
      return { value: unknown('python', place), place };
    }
    this.isEarly = true;
    return (
      this._below(name, place) ?? { value: unknown('unbound', place), place }
    );
  }

  private _atAnyTime(
    name: string,
    values: readonly IRemembered[],
    { isEscaped }: IAnytime,
    place: IPlace
  ): IBinding {
    const all = this.memory.history.get(name) ?? [];
    const now = this.memory.get(this.memory.module, name);
    if (all.length >= MAX_REMEMBERED || BUILTINS.has(name)) {
      return { value: unknown('limit', place), place };
    }
    if (isEscaped && values.some(({ binding }) => hasGrown(binding.value))) {
      return { value: unknown('changed', place), place };
    }
    if (!isEscaped) {
      return values[0].binding;
    }
    const bindings = values.map(({ binding }) => binding);
    const candidates = now ? [...bindings, now] : bindings;
    return choose(candidates, false, 'run', place, this.memory.onLose);
  }

  /**
   * The nearest value below of a name that has none yet, because cells may run
   * in any order.
   */
  private _below(name: string, place: IPlace): IBinding | null {
    // A name that was deleted has no value.
    const isNew = !this.memory.history.has(name);
    const isBelow = ({ binding }: IRemembered) =>
      binding.place.cell === place.cell
        ? binding.place.at > place.at
        : this._rank(binding.place.cell) > this._rank(place.cell);
    const found = (isNew && this._later?.below(name, isBelow)) || null;
    return found && hasGrown(found.value)
      ? { value: unknown('changed', found.place), place: found.place }
      : found;
  }

  private readonly _running: Scope[] = [];
  private readonly _sticky = new Map<string, IWhy>();
  /** Why any name may be bound at any time; null if none may. */
  private _stuck: IWhy | null = null;
  private readonly _touchable = new Set<string>();
}
