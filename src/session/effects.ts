import type { TranslationBundle } from '@jupyterlab/translation';

import type {
  EffectsEvent,
  EffectsRequest,
  Estimate,
  JobEvent,
  KeptEffects
} from '../api';
import { mergeEffects, NO_EFFECTS } from '../salience';
import type { IEffectTable, LineJoining } from '../salience';
import { Computation } from './computation';
import type { ComputationClient, ComputationPhase } from './computation';
import {
  countSets,
  effectSegments,
  effectsRequest,
  keptEffects,
  MORE_SAMPLES,
  SAMPLES,
  storedEffects
} from './effectSegments';
import type { IEffectSegments, IEffectSource } from './effectSegments';
import { stageOf } from './effectStages';
import { Model } from './model';
import type { IProblem } from './problem';
import type { IRun } from './run';

/**
 * Seconds that one job may compute. The model does one thing at a time: another tab, or a
 * comparison, waits for no longer than this.
 */
export const SLICE = 3;

/** The most jobs that are stored over a reload. */
const MAX_JOBS = 64;

/** Jobs that compute effects, as stored over a reload. */
export interface ISavedEffects {
  /** The first ones: later ones continue them. */
  readonly jobs: readonly string[];
  /** Whether the user stopped them. */
  readonly isStopped: boolean;
}

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
    run: IRun,
    trans: TranslationBundle,
    joinLines: LineJoining
  ) {
    super();
    this._client = client;
    this._trans = trans;
    this.segments =
      run.answerTokens.length > 0 ? effectSegments(run, joinLines) : null;
    this._request = this.segments && effectsRequest(run, this.segments);
    if (this.segments) {
      this._take(storedEffects(this.segments, run.effects));
    }
  }

  /** The segments; null if effects can't be computed. */
  readonly segments: IEffectSegments | null;

  /**
   * What is known, once each segment's effect is; null before. Another object when maps
   * look different by it: not whenever a set is scored, since long texts redraw then.
   */
  get source(): IEffectSource | null {
    return this._source;
  }

  /** What the history stores of it. */
  get kept(): KeptEffects[] {
    return this.segments ? keptEffects(this.segments, this._table) : [];
  }

  /** How far they are; `running` also while they wait for something else. */
  get phase(): ComputationPhase {
    const { sets } = this._table;
    if (this.segments && sets.length >= this._numSets) {
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

  /** How many sets are scored; null before the first. */
  get progress(): { readonly done: number; readonly total: number } | null {
    const { sets } = this._table;
    return sets.length > 0
      ? { done: sets.length, total: Math.max(this._numSets, sets.length) }
      : null;
  }

  /** How many more random sets can be asked for; 0 before the usual ones are scored. */
  get numMore(): number {
    const known = this._table.sets.length;
    return this.phase === 'done' ? this._countOf(MORE_SAMPLES) - known : 0;
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
    const running = this._job?.jobId ?? null;
    return {
      jobs: [
        ...this._jobs,
        ...(running === null ? [] : [running]),
        ...this._past
      ].slice(0, MAX_JOBS),
      isStopped: this._isStopped
    };
  }

  protected release(): void {
    this._drop();
  }

  /** Take the jobs of an earlier page, before anything is computed. */
  resume({ jobs, isStopped }: ISavedEffects): void {
    this._past = [...jobs];
    this._isStopped = isStopped;
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
      this._foresee();
    }
    this._next();
  }

  /** Ask for the cost, unless it is known: of what is missing, or of more. */
  async offer(): Promise<void> {
    const seconds = this._estimate?.seconds ?? null;
    const isOffered = this.phase === 'offered' || this.numMore > 0;
    if (seconds === null && isOffered) {
      await this._ask();
      this._emit();
    }
  }

  /** Compute what is missing, however long it takes. */
  start(): void {
    if (this.phase === 'offered' || this.phase === 'failed') {
      this._isStopped = false;
      this._begin('all');
    }
  }

  /** Compute more random sets, for better averages. */
  startMore(): void {
    if (this.numMore > 0) {
      this._samples = MORE_SAMPLES;
      this._begin('all');
    }
  }

  /** The request of a job that scores chosen sets of segments; null without segments. */
  requestOf(chosen: readonly (readonly number[])[]): EffectsRequest | null {
    return (
      this._request && { ...this._request, chosen: chosen.map(set => [...set]) }
    );
  }

  /** Take scores that another computation has. */
  add(events: readonly EffectsEvent[]): void {
    const before = this._table;
    this._take(mergeEffects(before, events));
    if (this._table !== before) {
      this._emit();
    }
  }

  /** Stop; effects that are known stay. Nothing starts again without a click. */
  cancel(): void {
    if (this.phase === 'running') {
      this._isStopped = true;
      if (this._table.sets.length >= this._countOf(SAMPLES)) {
        // The usual ones are complete.
        this._samples = SAMPLES;
      }
      this._past = [];
      this._drop();
      this._end();
      void this.offer();
    }
  }

  /** Do what is due. */
  private _next(): void {
    const { isPaused, isAutomatic } = this._now;
    const isDone = this.phase === 'done';
    if (this.isDisposed || !this._request || this._job || isPaused || isDone) {
      return;
    }
    const past = this._past.shift();
    if (past !== undefined) {
      this._run(this._request, past);
    } else if (this._goal !== null) {
      this._continue(this._goal, this._request);
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
    await (this._asked ?? this._ask());
    this._asked = null;
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

  /** Ask for the cost while the maps are computed: effects then start a request earlier. */
  private _foresee(): void {
    const { isAutomatic } = this._now;
    const isWanted = isAutomatic && this._budget > 0 && !this._hasTried;
    if (isWanted && this._asked === null && !this.isDisposed) {
      this._asked = this._ask();
    }
  }

  private async _ask(): Promise<void> {
    const skip = this._table.sets.length;
    const samples = this.phase === 'done' ? MORE_SAMPLES : this._samples;
    try {
      const estimate =
        this._request &&
        (await this._client.estimate({ ...this._request, samples, skip }));
      if (skip === this._table.sets.length) {
        this._estimate = estimate;
      }
    } catch (reason) {
      // If starting fails for the same reason, the failure says so.
      console.warn('LIT Lab: no estimate', reason);
    }
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
    const skip = this._table.sets.length;
    const seconds = Math.min(left, SLICE);
    this._run({ ...request, samples: this._samples, skip, seconds }, null);
  }

  /**
   * Run a job, or follow one of an earlier page.
   */
  private _run(request: EffectsRequest, past: string | null): void {
    const job: Job = new Computation(
      this._client,
      request,
      [] as readonly EffectsEvent[],
      collect,
      this._trans
    );
    const known = this._table.sets.length;
    this._job = job;
    this._begun = Date.now();
    job.changed.connect(() => this._onJob(job, past, known));
    if (past === null) {
      job.start();
    } else {
      job.resume(past);
    }
  }

  private _onJob(job: Job, past: string | null, known: number): void {
    if (job !== this._job) {
      return;
    }
    // A job whose result is dropped has sent it before.
    this._take(mergeEffects(this._table, job.result));
    if (job.phase === 'running') {
      this._emit();
      return;
    }
    const { phase, problem } = job;
    const isNew = this._table.sets.length > known;
    const id = past !== null && isNew ? past : job.jobId;
    if (id !== null) {
      this._jobs.push(id);
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
        this._jobs.push(job.jobId);
      }
      this._job = null;
      this._spent += (Date.now() - this._begun) / 1000;
      job.dispose();
    }
  }

  private _take(table: IEffectTable): void {
    if (table !== this._table && this.segments) {
      this._table = table;
      this._estimate = null;
      const stage = stageOf(table, this.segments);
      const numChosen = this._source?.table.chosen.length ?? 0;
      if (stage !== this._stage || table.chosen.length !== numChosen) {
        this._stage = stage;
        this._source = { segments: this.segments, table };
      }
    }
  }

  private get _numSets(): number {
    return this._countOf(this._samples);
  }

  private _countOf(samples: number): number {
    return this.segments ? countSets(this.segments, samples) : 0;
  }

  private _emit(): void {
    if (!this.isDisposed) {
      this._changed.emit();
    }
  }

  private readonly _client: ComputationClient;
  private readonly _trans: TranslationBundle;
  private readonly _request: EffectsRequest | null;
  /** How many random sets maps are fitted to. */
  private _samples = SAMPLES;
  private _table = NO_EFFECTS;
  private _source: IEffectSource | null = null;
  private _stage = 0;
  private _now: ICircumstances = { isPaused: true, isAutomatic: false };
  private _budget = 0;
  /** What is being computed, also while it waits. */
  private _goal: Goal | null = null;
  /** Whether the user, here or on another page, stopped it. */
  private _isStopped = false;
  /** Whether the budget has been tried. */
  private _hasTried = false;
  private _estimate: Estimate | null = null;
  /** A request for it that was made beforehand. */
  private _asked: Promise<void> | null = null;
  private _problem: IProblem | null = null;
  private _job: Job | null = null;
  /** When the job began, and the seconds of those before it. */
  private _begun = 0;
  private _spent = 0;
  private _since = 0;
  private _jobs: string[] = [];
  /** Jobs of an earlier page that are still to be followed. */
  private _past: string[] = [];
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
