/** Names, what they are bound to, and how branches and loops change that. */
import { BUILTINS } from './builtins';
import { choose } from './choose';
import { unknown } from './value';
import type { Cause, IBinding, IPlace, Value } from './value';

/** Limit on the values of a name that are remembered. */
export const MAX_REMEMBERED = 64;

/** Cost of visiting a name, in units of work. */
const COST = 20;

/** Stands for all other names. */
const ANY = '*';

/** The names of a module, a function, a class or a comprehension. */
export class Scope {
  constructor(
    readonly kind: 'module' | 'function' | 'class' | 'comprehension',
    readonly outer: Scope | null,
    /** Names that the body binds; of functions alone. */
    readonly local: ReadonlyMap<string, number> = new Map()
  ) {}

  readonly names = new Map<string, IBinding>();
  readonly globals = new Set<string>();
  readonly nonlocals = new Set<string>();
}

/** A name that was bound, or deleted, in a scope. */
interface IChange {
  readonly scope: Scope;
  readonly name: string;
  readonly before: IBinding | undefined;
  readonly after: IBinding | undefined;
}

/** What a name of the notebook is bound to from some moment on. */
export interface IRemembered {
  readonly order: number;
  readonly binding: IBinding;
}

/** What changed between two moments, by scope and name. */
export type Changes = Map<Scope, Map<string, (IBinding | undefined)[]>>;

/** The names of a notebook, while its cells are evaluated. */
export class Memory {
  readonly module = new Scope('module', null);

  /** All values that names of the notebook had, in order. */
  readonly history = new Map<string, IRemembered[]>();

  /**
   * The moments at which code may have bound any name, in order. A name that has
   * no value at such a moment doesn't remember it in its history.
   */
  readonly forgotten: IRemembered[] = [];

  /** All changes of names of the notebook, in order. */
  readonly puts: (readonly [name: string, binding: IBinding | undefined])[] =
    [];

  /** Restore the notebook's names to those after a number of changes. */
  restore(changes: number): void {
    const { names } = this.module;
    names.clear();
    for (const [name, binding] of this.puts.slice(0, changes)) {
      if (binding === undefined) {
        names.delete(name);
      } else {
        names.set(name, binding);
      }
    }
  }

  /** Counts the moments. */
  order = 0;

  /** Called with each value that is bound. */
  onBind: (name: string, binding: IBinding) => IBinding = (_, binding) =>
    binding;

  /** Called with values that a name which isn't known may stand for. */
  onLose: (value: Value) => void = () => undefined;

  /** Called with the cost of work before it is done. */
  onWork: (cost: number) => void = () => undefined;

  /**
   * Bind a name in a scope; undefined deletes it.
   *
   * @param how - `bound`: by code; `joined`: from several ways that the code
   *   may take; `assumed`: its value isn't known from here on.
   */
  set(
    scope: Scope,
    name: string,
    given: IBinding | undefined,
    how: 'bound' | 'joined' | 'assumed' = 'bound'
  ): void {
    this.onWork(COST);
    const after = given && this.onBind(name, given);
    const change = { scope, name, before: scope.names.get(name), after };
    this._trail.push(change);
    if (how === 'bound') {
      this._log.push(change);
    }
    this._put(scope, name, after);
    if (scope === this.module && after !== undefined && how !== 'assumed') {
      const all = this.history.get(name) ?? [];
      this.history.set(name, all);
      if (all.length < MAX_REMEMBERED) {
        all.push({ order: ++this.order, binding: after });
      }
    }
  }

  /** The binding of a name in a scope, without outer ones. */
  get(scope: Scope, name: string): IBinding | undefined {
    return scope.names.get(name) ?? scope.names.get(ANY);
  }

  /** Forget all names of the notebook: code may have changed any. */
  forget(cause: Cause, place: IPlace): void {
    const lost = { value: unknown(cause, place), place };
    const scope = this.module;
    this.onWork(COST * scope.names.size);
    for (const name of new Set([...scope.names.keys(), ANY])) {
      const before = scope.names.get(name);
      if (before?.value.type !== 'unknown') {
        this.set(scope, name, lost);
      } else {
        // It may only be assumed to be unknown, as in a loop.
        this._log.push({ scope, name, before, after: lost });
      }
    }
    const last = this.forgotten.at(-1);
    if (last?.order !== this.order || last.binding.place.cell !== place.cell) {
      this.forgotten.push({ order: ++this.order, binding: lost });
    }
  }

  /** A moment that `rewind` can go back to. */
  mark(): number {
    return this._trail.length;
  }

  /** Go back to a moment; returns the last bindings since then. */
  rewind(mark: number): Changes {
    const changes: Changes = new Map();
    this.onWork(COST * (this._trail.length - mark));
    for (const { scope, name, after } of this._trail.slice(mark)) {
      const names = changes.get(scope) ?? new Map<string, []>();
      changes.set(scope, names.set(name, [after]));
    }
    while (this._trail.length > mark) {
      const { scope, name, before } = this._trail.pop()!;
      this._put(scope, name, before);
    }
    return changes;
  }

  /** A moment that `logged` can be asked for. */
  markLog(): number {
    return this._log.length;
  }

  /** All bindings since a moment, also those of ways that were rewound. */
  logged(mark: number): Changes {
    const changes: Changes = new Map();
    this.onWork(COST * (this._log.length - mark));
    for (const { scope, name, after } of this._log.slice(mark)) {
      const names: Map<string, (IBinding | undefined)[]> =
        changes.get(scope) ?? new Map();
      const values = names.get(name) ?? [];
      values.push(after);
      changes.set(scope, names.set(name, values));
    }
    return changes;
  }

  /** Drop the records of changes, which nothing will rewind any more. */
  settle(): void {
    this._trail.length = this._log.length = 0;
  }

  /**
   * Run ways of which Python takes one.
   *
   * @param isAll - whether Python certainly takes one of them.
   */
  branch(
    ways: readonly (() => void)[],
    isAll: boolean,
    cause: Cause,
    place: IPlace
  ): void {
    const outcomes = ways.map(way => {
      const mark = this.mark();
      way();
      return this.rewind(mark);
    });
    this.join(outcomes, isAll, cause, place);
  }

  /** Bind names as one of several outcomes does. */
  join(
    outcomes: readonly Changes[],
    isAll: boolean,
    cause: Cause,
    place: IPlace
  ): void {
    const all = new Map<Scope, Set<string>>();
    for (const [scope, names] of outcomes.flatMap(outcome => [...outcome])) {
      this.onWork(COST * names.size);
      const known = all.get(scope) ?? new Set<string>();
      all.set(scope, known);
      for (const name of names.keys()) {
        known.add(name);
      }
    }
    for (const [scope, names] of all) {
      this.onWork(COST * names.size * outcomes.length);
      for (const name of names) {
        const before = this.get(scope, name);
        const given = outcomes.map(outcome => outcome.get(scope)?.get(name));
        const isLeft = !isAll || given.includes(undefined);
        const found = [
          ...(isLeft ? [before] : []),
          ...given.flatMap(all => all ?? [])
        ];
        this.onWork(COST * found.length);
        const bound = found.filter(binding => binding !== undefined);
        // Using a name without a value raises, unless an outer scope has that
        // name.
        const hasOther =
          BUILTINS.has(name) ||
          (scope !== this.module && !scope.local.has(name));
        const isOther = bound.length < found.length && hasOther;
        this.set(
          scope,
          name,
          bound.length === 0
            ? undefined
            : isOther
              ? this._losing(bound, scope, name, {
                  value: unknown(cause, place),
                  place
                })
              : choose(bound, false, cause, place, this.onLose),
          'joined'
        );
      }
    }
  }

  /**
   * The value of a name at a moment, and its later values. One that isn't known
   * comes first if the name may have had others.
   *
   * @param isAlways - whether all later moments count, and not only those until
   *   the name has a value.
   */
  since(
    name: string,
    order: number,
    isAlways: boolean
  ): readonly IRemembered[] {
    const all = this.history.get(name) ?? [];
    const first = all.findIndex(item => item.order > order);
    const start = first === -1 ? all.length - 1 : Math.max(first - 1, 0);
    const values = all.slice(Math.max(start, 0));
    const begin = values.length === 0 ? Infinity : values[0].order;
    const from = begin <= order ? begin : 0;
    const to = isAlways ? Infinity : Math.max(begin, order);
    this.onWork(this.forgotten.length);
    const lost = this.forgotten.find(
      item => item.order > from && item.order <= to
    );
    return lost === undefined ? values : [lost, ...values];
  }

  /** What a name is first bound to below a place, or else anywhere. */
  below(
    name: string,
    isBelow: (item: IRemembered) => boolean
  ): IBinding | null {
    const all = this.history.get(name) ?? [];
    const next = all.find(isBelow);
    const found = next ?? all[0];
    const lost = this.forgotten.find(isBelow);
    const isLost = lost && lost.order < (next?.order ?? Infinity);
    return (found && (isLost ? lost : found).binding) ?? null;
  }

  /** A name that may be one of these, or that of an outer scope, isn't known. */
  private _losing(
    values: readonly IBinding[],
    scope: Scope,
    name: string,
    binding: IBinding
  ): IBinding {
    values.forEach(({ value }) => this.onLose(value));
    for (let outer = scope.outer; outer !== null; outer = outer.outer) {
      const bound = outer.names.get(name);
      if (bound !== undefined) {
        this.onLose(bound.value);
      }
    }
    return binding;
  }

  private _put(
    scope: Scope,
    name: string,
    binding: IBinding | undefined
  ): void {
    if (scope === this.module) {
      this.puts.push([name, binding]);
    }
    if (binding === undefined) {
      scope.names.delete(name);
    } else {
      scope.names.set(name, binding);
    }
  }

  private readonly _trail: IChange[] = [];
  private readonly _log: IChange[] = [];
}
