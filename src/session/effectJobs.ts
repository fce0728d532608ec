/** The jobs that compute effects: one at a time, also across a reload. */
import type { TranslationBundle } from '@jupyterlab/translation';

import type { EffectsEvent, JobEvent } from '../api';
import { Computation } from './computation';
import type { ComputationClient } from './computation';
import type { EffectLevel } from './effectLevel';
import type { EffectPlan, ISavedPlan } from './effectPlan';
import type { IProblem } from './problem';
import type { IRun } from './run';

/**
 * Maximum seconds of computing for one job. The model does one thing at a time, so other
 * tabs and comparisons wait no longer than this.
 */
export const SLICE = 3;

/** The most jobs of a level that are stored. */
const MAX_JOBS = 64;

/** Jobs that compute effects, as stored over a reload. */
export interface ISavedEffects {
  /** The jobs of the first level; later ones continue earlier ones. */
  readonly jobs: readonly string[];
  /** The jobs of the second level: sentences of the passages that matter, if passages come first. */
  readonly inner?: readonly string[];
  /**
   * For each level, the key of the segments that its jobs delete. The jobs refer to segments
   * only by index, so a page doesn't follow jobs without a key.
   */
  readonly keys?: readonly string[];
  /** How the sentences are deleted; absent if undecided, or if an earlier version deleted each sentence. */
  readonly plan?: ISavedPlan;
  /** Whether the user stopped them. */
  readonly isStopped: boolean;
}

/** How a job ended. */
export interface IEndedJob {
  /** Whether an earlier page started the job. */
  readonly isPast: boolean;
  /** Whether the job scored any sets. */
  readonly isNew: boolean;
  readonly isCancelled: boolean;
  /** Why it failed, or null. */
  readonly problem: IProblem | null;
}

/** Runs the jobs that score the sets of a plan, and follows those of an earlier page. */
export class EffectJobs {
  /**
   * @param onChanged - called when the job has sent an event, and when it has ended.
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

  /** Whether jobs of an earlier page remain to be followed. */
  get isPending(): boolean {
    return [0, 1].some(index => this._pastOf(index).length > 0);
  }

  /** What the job waits for; empty while it computes. */
  get message(): string {
    return this._job?.message ?? '';
  }

  /** Seconds that jobs have taken since the last reset. */
  get spent(): number {
    return this._spent;
  }

  /** What to store over a reload. */
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

  /** Reset the seconds that jobs have taken. */
  resetSpent(): void {
    this._spent = 0;
  }

  /** Set the jobs of an earlier page, to follow later. */
  resume({ jobs, inner = [], keys = [] }: ISavedEffects): void {
    this._past = [[...jobs], [...inner]];
    this._pastKeys = keys;
  }

  /** Discard the jobs of an earlier page. */
  forget(): void {
    this._past = [[], []];
  }

  /**
   * Follow the next job of an earlier page. Follows each job once, those of the first level first.
   *
   * @returns whether there was one.
   */
  follow(): boolean {
    const { levels } = this._plan;
    const level = levels.find(({ index }) => this._pastOf(index).length > 0);
    const id = level && this._past[level.index].shift();
    if (!level || id === undefined) {
      return false;
    }
    // If an earlier page computed more than the usual sets, count them as more random sets.
    level.askMore();
    this._begin(level, id);
    return true;
  }

  /** Start a job that scores the next sets of a level. */
  start(level: EffectLevel, seconds: number): void {
    this._begin(level, null, seconds);
  }

  /** Stop following the job. Its results so far stay. */
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
    // Fewer: what was known in half precision doesn't suffice any more.
    const isNew = level.numKnown !== known;
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

  /** The jobs of an earlier page that remain to be followed, without those of other segments. */
  private _pastOf(index: number): readonly string[] {
    const level = this._plan.levels[index];
    const isOther = level && level.key !== this._pastKeys[index];
    return isOther ? [] : (this._past[index] ?? []);
  }

  private _job: Job | null = null;
  /** The level that the job is of. */
  private _level: EffectLevel | null = null;
  /** When the job started, and the seconds that earlier jobs took. */
  private _begun = 0;
  private _spent = 0;
  /** The jobs that have computed something. The plan may have restarted with other levels. */
  private readonly _known: { level: EffectLevel; id: string }[] = [];
  /** For each level, the jobs to follow, and the key of their segments. */
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
