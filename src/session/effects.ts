import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  EffectsEvent,
  EffectsRequest,
  Estimate,
  KeptEffects
} from '../api';
import type { LineJoining } from '../salience';
import type { ComputationClient, ComputationPhase } from './computation';
import { EffectCosts } from './effectCosts';
import { EffectJobs, SLICE } from './effectJobs';
import type { IEndedJob, ISavedEffects } from './effectJobs';
import type { EffectLevel } from './effectLevel';
import { EffectPlan } from './effectPlan';
import type { IEffectSegments, IEffectSource } from './effectSegments';
import { EffectStart } from './effectStart';
import type { ICircumstances } from './effectStart';
import { Model } from './model';
import type { IProblem } from './problem';
import type { IRun } from './run';

/**
 * The effects of a complete run. Short jobs compute them in the background, each continuing
 * the previous one, whenever nothing else needs the model.
 */
export class Effects extends Model {
  /** @param joinLines - how the run's text is cut into sentences. */
  constructor(
    client: ComputationClient,
    private readonly _run: IRun,
    trans: TranslationBundle,
    joinLines: LineJoining
  ) {
    super();
    this._trans = trans;
    this._plan = new EffectPlan(this._run, joinLines);
    this._plan.recall(this._run.effects);
    this._costs = new EffectCosts(client, this._run, this._plan);
    this._jobs = new EffectJobs(
      client,
      this._run,
      trans,
      this._plan,
      this._onJob.bind(this)
    );
  }

  /** The sentences; null if effects can't be computed. */
  get segments(): IEffectSegments | null {
    return this._plan.isPossible ? this._plan.sentences : null;
  }

  /** Identifies the segments that are deleted. */
  get key(): string {
    return this._plan.key;
  }

  /** What maps can show; null if nothing is known yet. */
  get source(): IEffectSource | null {
    return this._plan.source;
  }

  /** What the history stores of the effects. */
  get kept(): KeptEffects[] {
    return this._plan.kept;
  }

  /** The state of the computation; `running` also while it waits for other computations. */
  get phase(): ComputationPhase {
    if (this._plan.isDone) {
      return 'done';
    }
    if (this._problem) {
      return 'failed';
    }
    return this._goal === null && !this._jobs.isBusy ? 'offered' : 'running';
  }

  /** The cost of everything that is left; null if unknown. */
  get estimate(): Estimate | null {
    return this._costs.rest;
  }

  /** The cost of deleting each sentence, if passages come first; null if unknown. */
  get perSentence(): Estimate | null {
    return this._costs.perSentence;
  }

  /** What is deleted first; null if each sentence is, and before the decision. */
  get outer(): 'paragraphs' | 'passages' | null {
    return this._plan.outer;
  }

  /** The number of scored sets and the total; null before the first. */
  get progress(): { readonly done: number; readonly total: number } | null {
    return this._plan.progress;
  }

  /** The last known level: of sentences, if any are deleted one by one. */
  get innermost(): number {
    return Math.max(0, this._plan.levels.length - 1);
  }

  /**
   * How many more random sets of a level can be requested; 0 before the usual sets of all
   * levels are scored.
   */
  numMore(level: number): number {
    return this._moreOf(level)?.numMore ?? 0;
  }

  /** The cost of more random sets; null if unknown. */
  costOfMore(level: number): Estimate | null {
    const found = this._moreOf(level);
    return found && this._costs.more(found);
  }

  /** What the computation waits for; empty while it runs. */
  get message(): string {
    return this._start.isPaused
      ? this._trans.__('Waiting for other computations')
      : this._jobs.message;
  }

  /** When the computation started, in milliseconds since the epoch. */
  get since(): number {
    return this._since;
  }

  /** Why the computation failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether a job runs. */
  get isBusy(): boolean {
    return this._jobs.isBusy;
  }

  /** Jobs that have computed effects, which a later page can follow. */
  get jobs(): ISavedEffects {
    const { saved: plan } = this._plan;
    return {
      ...this._jobs.saved,
      ...(plan && { plan }),
      isStopped: this._isStopped
    };
  }

  protected release(): void {
    this._jobs.drop();
  }

  /**
   * Follow the jobs of an earlier page. Call this before anything is computed. Jobs that delete
   * other segments are ignored: the page's settings or version may have cut the text differently.
   */
  resume(past: ISavedEffects): void {
    const { plan, keys = [] } = past;
    if (plan && keys.length > 0) {
      this._plan.resume(plan, keys[0]);
    }
    if (this._plan.isLong !== null) {
      this._jobs.resume(past);
    }
    this._isStopped = past.isStopped;
  }

  /** Set the seconds that effects may take without a click; 0 to always require one. */
  setBudget(seconds: number): void {
    if (!this._start.setBudget(seconds)) {
      return;
    }
    if (this._goal === 'budget' && seconds === 0) {
      this._jobs.drop();
      this._end();
    }
    this._next();
  }

  /** Set whether effects in half precision don't suffice. Those of a stored run wait for another click. */
  setExact(isExact: boolean): void {
    const wasRunning = this.phase === 'running';
    if (this._plan.setExact(isExact)) {
      if (wasRunning) {
        this._jobs.drop();
      } else if (isExact && this._plan.source && this._start.isAutomatic) {
        this._begin('all');
      }
      this._next();
      this._emit();
    }
  }

  /** Set the conditions. A running job stops if they no longer allow it, and another one continues it later. */
  setCircumstances(now: ICircumstances): void {
    if (!this._start.setCircumstances(now)) {
      return;
    }
    if (now.isPaused) {
      this._jobs.drop();
    }
    if (now.isPaused && !this.isDisposed) {
      this._start.foresee();
    }
    this._next();
  }

  /**
   * Request the cost of what is missing, or of more random sets, unless it is known.
   *
   * @param level - the level of the random sets.
   */
  async offer(level = this.innermost): Promise<void> {
    const more = this._moreOf(level);
    const seconds = (more ? this.costOfMore(level) : this.estimate)?.seconds;
    if (typeof seconds === 'number') {
      return;
    }
    if (more && more.numMore > 0) {
      await this._costs.askMore(more);
      this._emit();
    } else if (this.phase === 'offered') {
      await this._ask();
      this._emit();
    }
  }

  /** Compute what is missing, however long it takes. */
  start(): void {
    if (this.phase === 'offered' || this.phase === 'failed') {
      this._isStopped = false;
      if (this._plan.isLong === null) {
        this._plan.decide(null, this._start.patience);
      }
      this._begin('all');
    }
  }

  /** Compute more random sets of a level, for better averages. */
  startMore(level: number): void {
    if (this.numMore(level) > 0) {
      this._moreOf(level)?.askMore();
      this._begin('all');
    }
  }

  /** The request of a job that scores chosen sets of a level's segments. */
  requestOf(
    chosen: readonly (readonly number[])[],
    level: number
  ): EffectsRequest | null {
    return this._plan.levels[level]?.requestOf(this._run, chosen) ?? null;
  }

  /** Add scores of another computation. */
  add(request: EffectsRequest, events: readonly EffectsEvent[]): void {
    const before = this._plan.source;
    this._plan.takeChosen(request, events);
    if (this._plan.source !== before) {
      this._emit();
    }
  }

  /** Add what another view of the run has computed. */
  learn(kept: readonly KeptEffects[]): void {
    const before = this._plan.source;
    this._plan.recall(kept);
    if (this._plan.source !== before) {
      this._emit();
    }
  }

  /** Stop. Known effects stay, and nothing starts again without a click. */
  cancel(): void {
    if (this.phase === 'running') {
      this._isStopped = true;
      this._jobs.forget();
      this._jobs.drop();
      this._end();
      void this.offer();
    }
  }

  /** Start or stop jobs as the conditions require. */
  private _next(): void {
    const plan = this._plan;
    const isBusy = this._jobs.isBusy || this._start.isPaused;
    if (this.isDisposed || !this.segments || isBusy || this._jobs.follow()) {
      return;
    }
    this._goal = plan.isDone ? null : this._goal;
    if (this._goal === null && !this._problem) {
      plan.settle();
    }
    if (plan.level && this._goal !== null) {
      this._continue(this._goal, plan.level);
    } else if (!plan.isDone && this._start.isAllowed) {
      void this._try();
    }
  }

  /** Start without a click, unless it would take too long. */
  private async _try(): Promise<void> {
    const start = this._start;
    if (this._isStopped || this._problem || !(await start.tryOnce())) {
      return;
    }
    if (this.isDisposed || this._goal !== null) {
      return;
    }
    if (start.isPaused || !start.isAutomatic || this._isStopped) {
      start.postpone();
    } else if (start.covers(this._costs.rest, this._costs.alone)) {
      this._begin('budget');
    } else {
      this._emit();
    }
  }

  /** Request the cost of what is left. Before any set is scored, the cost decides the plan. */
  private async _ask(): Promise<void> {
    await this._costs.ask();
    // Keep the decision of an earlier page while its jobs are followed.
    if (!this._jobs.isBusy && !this._jobs.isPending) {
      this._plan.decide(this._costs.cost, this._start.patience);
    }
  }

  private _begin(goal: Goal): void {
    this._goal = goal;
    this._problem = null;
    this._jobs.resetSpent();
    this._since = Date.now();
    this._next();
    this._emit();
  }

  private _continue(goal: Goal, level: EffectLevel): void {
    const left = goal === 'all' ? SLICE : this._start.budget - this._jobs.spent;
    if (left <= 0) {
      this._end();
    } else {
      this._jobs.start(level, Math.min(left, SLICE));
    }
  }

  private _onJob(ended: IEndedJob | null): void {
    if (!ended) {
      this._emit();
      return;
    }
    const { isPast, isNew, isCancelled, problem } = ended;
    const isWell = !problem && !isCancelled;
    if (isPast || (isWell && (isNew || this.phase === 'done'))) {
      this._next();
      this._emit();
    } else {
      // Another page cancelled the job, or the next job wouldn't have a result either.
      this._problem = problem;
      this._isStopped = this._isStopped || isCancelled;
      this._end();
    }
  }

  private _end(): void {
    this._goal = null;
    if (!this._problem) {
      this._plan.settle();
    }
    this._emit();
  }

  /** The level for which more sets can be requested, once all levels are complete. */
  private _moreOf(level: number): EffectLevel | null {
    return this.phase === 'done' ? (this._plan.levels[level] ?? null) : null;
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _trans: TranslationBundle;
  private readonly _plan: EffectPlan;
  private readonly _costs: EffectCosts;
  private readonly _jobs: EffectJobs;
  private readonly _start = new EffectStart(() => this._ask());
  /** What is being computed, even while it waits. */
  private _goal: Goal | null = null;
  /** Whether the user, here or on another page, stopped it. */
  private _isStopped = false;
  private _problem: IProblem | null = null;
  private _since = 0;
}

/** As much as the budget allows, or everything. */
type Goal = 'budget' | 'all';
