/** The jobs that compute effects: one at a time, and over a reload. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { EffectsEvent, JobEvent } from '../api';
import { Computation } from './computation';
import type { ComputationClient } from './computation';
import type { EffectLevel } from './effectLevel';
import type { EffectPlan, ISavedPlan } from './effectPlan';
import type { IProblem } from './problem';
import type { IRun } from './run';

/**
 * Seconds that one job may compute. The model does one thing at a time: another tab, or a
 * comparison, waits for no longer than this.
 */
export const SLICE = 3;

/** The most jobs of a level that are stored. */
const MAX_JOBS = 64;

/** Jobs that compute effects, as stored over a reload. */
export interface ISavedEffects {
  /** The first ones: later ones continue them. */
  readonly jobs: readonly string[];
  /** Those of the sentences that are looked into, where passages come first. */
  readonly inner?: readonly string[];
  /**
   * By level: the key of the segments that these jobs delete, which they send only the
   * indices of. Jobs without one aren't followed.
   */
  readonly keys?: readonly string[];
  /** What is deleted; absent: not decided, or each sentence, by an earlier version. */
  readonly plan?: ISavedPlan;
  /** Whether the user stopped them. */
  readonly isStopped: boolean;
}

/** How a job ended. */
export interface IEndedJob {
  /** Whether it was one of an earlier page. */
  readonly isPast: boolean;
  /** Whether it has scored sets. */
  readonly isNew: boolean;
  readonly isCancelled: boolean;
  /** Why it failed, or null. */
  readonly problem: IProblem | null;
}

/** Runs jobs that score the sets of a plan, and follows those of an earlier page. */
export class EffectJobs {
  /**
   * @param onChanged - called when the job has sent something, and when it has ended.
   */
  constructor(
    private readonly _client: ComputationClient,
    private readonly _run: IRun,
    private readonly _trans: TranslationBundle,
    private readonly _plan: EffectPlan,
    private readonly _onChanged: (ended: IEndedJob | null) => void
  ) {}

  /** Whether a job runs. */
  get isBusy(): boolean {
    return this._job !== null;
  }

  /** Whether some of an earlier page are still to be followed. */
  get isPending(): boolean {
    return [0, 1].some(index => this._pastOf(index).length > 0);
  }

  /** What the job waits for; empty while it computes. */
  get message(): string {
    return this._job?.message ?? '';
  }

  /** Seconds that jobs took, since they were last counted from 0. */
  get spent(): number {
    return this._spent;
  }

  /** What is stored of them. */
  get saved(): Pick<ISavedEffects, 'jobs' | 'inner' | 'keys'> {
    const { levels } = this._plan;
    const running = this._job?.jobId ?? null;
    const [jobs, inner] = [0, 1].map(index =>
      [
        ...this._known
          .filter(({ level }) => level === levels[index])
          .map(({ id }) => id),
        ...(running !== null && this._level === levels[index] ? [running] : []),
        ...this._pastOf(index)
      ].slice(0, MAX_JOBS)
    );
    const keys = [0, 1].flatMap(
      index => levels[index]?.key ?? this._pastKeys[index] ?? []
    );
    return {
      jobs,
      ...(inner.length > 0 && { inner }),
      ...(jobs.length + inner.length > 0 && { keys })
    };
  }

  /** Count the seconds that jobs take from 0. */
  resetSpent(): void {
    this._spent = 0;
  }

  /** Remember the jobs of an earlier page. */
  resume({ jobs, inner = [], keys = [] }: ISavedEffects): void {
    this._past = [[...jobs], [...inner]];
    this._pastKeys = keys;
  }

  /** Follow no more of them. */
  forget(): void {
    this._past = [[], []];
  }

  /**
   * Follow the next job of an earlier page, each once: those of the first level first.
   *
   * @returns whether there is one.
   */
  follow(): boolean {
    const { levels } = this._plan;
    const level = levels.find(({ index }) => this._pastOf(index).length > 0);
    const id = level && this._past[level.index].shift();
    if (!level || id === undefined) {
      return false;
    }
    // What an earlier page computes beyond the usual sets is more of them.
    level.askMore();
    this._begin(level, id);
    return true;
  }

  /** Start a job that scores the next sets of a level. */
  start(level: EffectLevel, seconds: number): void {
    this._begin(level, null, seconds);
  }

  /** Leave the job; what it has sent stays. */
  drop(): void {
    const job = this._job;
    if (job) {
      this._remember(job.phase === 'running' ? job.jobId : null);
      this._job = null;
      this._spent += (Date.now() - this._begun) / 1000;
      job.dispose();
    }
  }

  private _begin(
    level: EffectLevel,
    past: string | null,
    seconds = SLICE
  ): void {
    const job: Job = new Computation(
      this._client,
      { ...level.request(this._run), seconds },
      [] as readonly EffectsEvent[],
      collect,
      this._trans
    );
    const known = level.numKnown;
    this._job = job;
    this._level = level;
    this._begun = Date.now();
    job.changed.connect(() => this._onJob(job, past, level, known));
    if (past === null) {
      job.start();
    } else {
      job.resume(past);
    }
  }

  private _onJob(
    job: Job,
    past: string | null,
    level: EffectLevel,
    known: number
  ): void {
    if (job !== this._job) {
      return;
    }
    // A job whose result is dropped has sent it before.
    this._plan.take(level.index, job.result);
    const { phase, problem } = job;
    if (phase === 'running') {
      this._onChanged(null);
      return;
    }
    const isNew = level.numKnown > known;
    this._remember(past !== null && isNew ? past : job.jobId);
    this.drop();
    this._onChanged({
      isPast: past !== null,
      isNew,
      isCancelled: phase === 'offered',
      problem: phase === 'failed' ? problem : null
    });
  }

  private _remember(id: string | null): void {
    if (id !== null && this._level) {
      this._known.push({ level: this._level, id });
    }
  }

  /** Jobs of an earlier page that are to be followed: none of other segments. */
  private _pastOf(index: number): readonly string[] {
    const level = this._plan.levels[index];
    const isOther = level && level.key !== this._pastKeys[index];
    return isOther ? [] : (this._past[index] ?? []);
  }

  private _job: Job | null = null;
  /** The level that the job is of. */
  private _level: EffectLevel | null = null;
  /** When the job began, and the seconds of those before it. */
  private _begun = 0;
  private _spent = 0;
  /** Jobs that have computed something. The plan may have begun again with other levels. */
  private readonly _known: { level: EffectLevel; id: string }[] = [];
  /** By level: those that are to be followed, and the key of their segments. */
  private _past: readonly string[][] = [[], []];
  private _pastKeys: readonly string[] = [];
}

type Job = Computation<readonly EffectsEvent[]>;

function collect(
  events: readonly EffectsEvent[],
  event: JobEvent
): readonly EffectsEvent[] {
  return event.event === 'effects' ? [...events, event] : events;
}
