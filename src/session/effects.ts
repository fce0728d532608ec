import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  EffectsEvent,
  EffectsRequest,
  Estimate,
  JobEvent,
  KeptEffects
} from '../api';
import type { LineJoining } from '../salience';
import { Computation } from './computation';
import type { ComputationClient, ComputationPhase } from './computation';
import { EffectJobs } from './effectJobs';
import type { ISavedEffects } from './effectJobs';
import { EffectPlan } from './effectPlan';
import { effectsRequest } from './effectSegments';
import type { IEffectSegments, IEffectSource } from './effectSegments';
import { Model } from './model';
import type { IProblem } from './problem';
import type { IRun } from './run';
import { DEFAULT_SETTINGS } from './settings';

/**
 * Seconds that one job may compute. The model does one thing at a time: another tab, or a
 * comparison, waits for no longer than this.
 */
export const SLICE = 3;

/** When effects may be computed. */
interface ICircumstances {
  /** Whether something else needs the model. */
  readonly isPaused: boolean;
  /** Whether they may start without a click. */
  readonly isAutomatic: boolean;
}

/**
 * The effects of a complete run: they are computed in the background, in short jobs that
 * continue each other, whenever nothing else needs the model.
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
    this._client = client;
    this._trans = trans;
    this._plan = new EffectPlan(this._run, joinLines);
    this._plan.recall(this._run.effects);
  }

  /** The sentences; null if effects can't be computed. */
  get segments(): IEffectSegments | null {
    return this._plan.isPossible ? this._plan.sentences : null;
  }

  /** What maps can show; null before there is anything. */
  get source(): IEffectSource | null {
    return this._plan.source;
  }

  /** What the history stores of it. */
  get kept(): KeptEffects[] {
    return this._plan.kept;
  }

  /** How far they are; `running` also while they wait for something else. */
  get phase(): ComputationPhase {
    if (this._plan.isDone) {
      return 'done';
    }
    if (this._problem) {
      return 'failed';
    }
    return this._goal === null && this._job === null ? 'offered' : 'running';
  }

  /** What the rest would cost; null if unknown. */
  get estimate(): Estimate | null {
    return this._estimate;
  }

  /** What it would cost to delete each sentence, where passages come first; null: unknown. */
  get instead(): Estimate | null {
    return this._plan.isLong ? this._instead : null;
  }

  /** How many sets are scored; null before the first. */
  get progress(): { readonly done: number; readonly total: number } | null {
    return this._plan.progress;
  }

  /** What it waits for; empty while it computes. */
  get message(): string {
    return this._now.isPaused
      ? this._trans.__('Waiting for other computations')
      : (this._job?.message ?? '');
  }

  /** When it started, in milliseconds since the epoch. */
  get since(): number {
    return this._since;
  }

  /** Why it failed, or null. */
  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether a job runs. */
  get isBusy(): boolean {
    return this._job !== null;
  }

  /** Jobs that have computed effects, which a later page can follow. */
  get jobs(): ISavedEffects {
    const id = this._job?.jobId ?? null;
    const { saved } = this._plan;
    return {
      ...this._jobs.save(id === null ? null : { level: this._level, id }),
      ...(saved && { plan: saved }),
      isStopped: this._isStopped
    };
  }

  protected release(): void {
    this._drop();
  }

  /** Take the jobs of an earlier page, before anything is computed. */
  resume(past: ISavedEffects): void {
    this._jobs.resume(past);
    // Earlier versions deleted each sentence.
    const plan = past.plan ?? (past.jobs.length > 0 ? { isLong: false } : null);
    if (plan) {
      this._plan.resume(plan);
    }
    this._isStopped = past.isStopped;
  }

  /** Tell how long effects may take without a click, in seconds; 0: they need one. */
  setBudget(seconds: number): void {
    if (seconds === this._budget) {
      return;
    }
    this._budget = seconds;
    this._hasTried = false;
    if (this._goal === 'budget' && seconds === 0) {
      this._drop();
      this._end();
    }
    this._next();
  }

  /** Tell when effects may be computed. A job that may not run stops; another continues it. */
  setCircumstances(now: ICircumstances): void {
    const { isPaused, isAutomatic } = this._now;
    if (now.isPaused === isPaused && now.isAutomatic === isAutomatic) {
      return;
    }
    this._now = now;
    if (now.isPaused) {
      this._drop();
    }
    this._next();
  }

  /** Ask for the cost, unless it is known. */
  async offer(): Promise<void> {
    const seconds = this._estimate?.seconds ?? null;
    if (seconds === null && this.phase === 'offered') {
      await this._ask();
      this._emit();
    }
  }

  /** Compute what is missing, however long it takes. */
  start(): void {
    if (this.phase === 'offered' || this.phase === 'failed') {
      this._isStopped = false;
      if (this._plan.isLong === null) {
        this._plan.decide(null, this._patience);
      }
      this._begin('all');
    }
  }

  /** Stop; effects that are known stay. Nothing starts again without a click. */
  cancel(): void {
    if (this.phase === 'running') {
      this._isStopped = true;
      this._jobs.forget();
      this._drop();
      this._end();
      void this.offer();
    }
  }

  /** Do what is due. */
  private _next(): void {
    const { isPaused, isAutomatic } = this._now;
    const isDone = this.phase === 'done';
    if (this.isDisposed || !this.segments || this._job || isPaused || isDone) {
      return;
    }
    const request = this._plan.request(this._run);
    const past = this._jobs.next(this._plan.depth);
    if (request && past !== undefined) {
      this._follow(request, past);
    } else if (request && this._goal !== null) {
      this._continue(this._goal, request);
    } else if (isAutomatic && this._budget > 0) {
      void this._try();
    }
  }

  /** Start without a click, unless it would take too long. */
  private async _try(): Promise<void> {
    if (this._isStopped || this._hasTried || this._problem) {
      return;
    }
    this._hasTried = true;
    await this._ask();
    if (this.isDisposed || this._goal !== null) {
      return;
    }
    const { isPaused, isAutomatic } = this._now;
    if (isPaused || !isAutomatic || this._isStopped) {
      this._hasTried = false;
      return;
    }
    // A model's speed is unknown before its first pass: the budget ends what takes longer.
    if ((this._estimate?.seconds ?? 0) <= this._budget) {
      this._begin('budget');
    } else {
      this._emit();
    }
  }

  private async _ask(): Promise<void> {
    const plan = this._plan;
    const { level, progress } = plan;
    const isFresh = progress === null;
    const segments = isFresh ? plan.measured : (level?.segments ?? null);
    if (!segments) {
      return;
    }
    const skip = isFresh ? 0 : (level?.table.sets.length ?? 0);
    const request = { ...effectsRequest(this._run, segments), skip };
    let cost: Estimate | null = null;
    try {
      cost = await this._client.estimate(request);
    } catch (reason) {
      // If starting fails for the same reason, the failure says so.
      console.warn('LIT Lab: no estimate', reason);
    }
    if (plan.level !== level || this._job) {
      return;
    }
    if (isFresh) {
      plan.decide(cost, this._patience);
      this._instead = cost && plan.wholeOf(cost);
      this._estimate = cost && (plan.isLong ? plan.longOf(cost) : cost);
    } else {
      this._estimate = cost && plan.restOf(cost);
    }
  }

  /** Seconds from which a prompt is long. */
  private get _patience(): number {
    return this._budget > 0 ? this._budget : DEFAULT_SETTINGS.effectsSeconds;
  }

  private _begin(goal: Goal): void {
    this._goal = goal;
    this._problem = null;
    this._spent = 0;
    this._since = Date.now();
    this._next();
    this._emit();
  }

  private _continue(goal: Goal, request: EffectsRequest): void {
    const left = goal === 'all' ? SLICE : this._budget - this._spent;
    if (left <= 0) {
      this._end();
      return;
    }
    this._follow({ ...request, seconds: Math.min(left, SLICE) }, null);
  }

  /**
   * Run a job, or follow one of an earlier page.
   */
  private _follow(request: EffectsRequest, past: string | null): void {
    const job: Job = new Computation(
      this._client,
      request,
      [] as readonly EffectsEvent[],
      collect,
      this._trans
    );
    const { depth } = this._plan;
    const known = this._plan.progress?.done ?? 0;
    this._job = job;
    this._level = depth;
    this._begun = Date.now();
    job.changed.connect(() => this._onJob(job, past, depth, known));
    if (past === null) {
      job.start();
    } else {
      job.resume(past);
    }
  }

  private _onJob(
    job: Job,
    past: string | null,
    depth: number,
    known: number
  ): void {
    if (job !== this._job) {
      return;
    }
    // A job whose result is dropped has sent it before.
    this._take(depth, job.result);
    if (job.phase === 'running') {
      this._emit();
      return;
    }
    const { phase, problem } = job;
    const isNew = (this._plan.progress?.done ?? 0) > known;
    const id = past !== null && isNew ? past : job.jobId;
    if (id !== null) {
      this._jobs.add(depth, id);
    }
    this._drop();
    if (phase === 'failed' && past === null) {
      this._problem = problem;
      this._end();
    } else if (phase === 'offered' && past === null) {
      // Another page cancelled it.
      this._isStopped = true;
      this._end();
    } else if (this.phase === 'done' || (past === null && !isNew)) {
      // Where one job had no result, the next would have none, too.
      this._end();
    } else {
      this._next();
      this._emit();
    }
  }

  private _end(): void {
    this._goal = null;
    this._emit();
  }

  /** Leave the job; what it has sent stays. */
  private _drop(): void {
    const job = this._job;
    if (job) {
      if (job.phase === 'running' && job.jobId !== null) {
        this._jobs.add(this._level, job.jobId);
      }
      this._job = null;
      this._spent += (Date.now() - this._begun) / 1000;
      job.dispose();
    }
  }

  private _take(depth: number, events: readonly EffectsEvent[]): void {
    const known = this._plan.progress?.done ?? 0;
    this._plan.take(depth, events);
    if ((this._plan.progress?.done ?? 0) !== known) {
      this._estimate = null;
    }
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: ComputationClient;
  private readonly _trans: TranslationBundle;
  private readonly _plan: EffectPlan;
  private _now: ICircumstances = { isPaused: true, isAutomatic: false };
  private _budget = 0;
  /** What is being computed, also while it waits. */
  private _goal: Goal | null = null;
  /** Whether the user, here or on another page, stopped it. */
  private _isStopped = false;
  /** Whether the budget has been tried. */
  private _hasTried = false;
  private _estimate: Estimate | null = null;
  /** What deleting each sentence would cost. */
  private _instead: Estimate | null = null;
  private _problem: IProblem | null = null;
  private _job: Job | null = null;
  /** The level that the job is of. */
  private _level = 0;
  /** When the job began, and the seconds of those before it. */
  private _begun = 0;
  private _spent = 0;
  private _since = 0;
  private readonly _jobs = new EffectJobs();
}

/** As much as the budget allows, or all. */
type Goal = 'budget' | 'all';

type Job = Computation<readonly EffectsEvent[]>;

function collect(
  events: readonly EffectsEvent[],
  event: JobEvent
): readonly EffectsEvent[] {
  return event.event === 'effects' ? [...events, event] : events;
}
