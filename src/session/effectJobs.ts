/** The jobs that compute effects, over a reload. */
import type { ISavedPlan } from './effectPlan';

/** The most jobs of a level that are stored. */
const MAX_JOBS = 64;

/** Jobs that compute effects, as stored over a reload. */
export interface ISavedEffects {
  /** The first ones: later ones continue them. */
  readonly jobs: readonly string[];
  /** Those of the sentences that are looked into, where passages come first. */
  readonly inner?: readonly string[];
  /** What is deleted; absent: not decided, or each sentence, by an earlier version. */
  readonly plan?: ISavedPlan;
  /** Whether the user stopped them. */
  readonly isStopped: boolean;
}

/** Which jobs have computed effects, and which of an earlier page are to be followed. */
export class EffectJobs {
  /** Follow the jobs of an earlier page. */
  resume({ jobs, inner = [] }: ISavedEffects): void {
    this._past = [[...jobs], [...inner]];
  }

  /** Follow no more of them. */
  forget(): void {
    this._past = [[], []];
  }

  /** The next job to follow of a level, once; undefined if there is none. */
  next(level: number): string | undefined {
    return this._past[level]?.shift();
  }

  /** A job of a level has computed something. */
  add(level: number, id: string): void {
    this._known[level]?.push(id);
  }

  /**
   * What is stored.
   *
   * @param running - the running job, and its level.
   */
  save(
    running: { readonly level: number; readonly id: string } | null
  ): Pick<ISavedEffects, 'jobs' | 'inner'> {
    const [jobs, inner] = [0, 1].map(level =>
      [
        ...this._known[level],
        ...(running?.level === level ? [running.id] : []),
        ...this._past[level]
      ].slice(0, MAX_JOBS)
    );
    return inner.length > 0 ? { jobs, inner } : { jobs };
  }

  private readonly _known: readonly string[][] = [[], []];
  private _past: readonly string[][] = [[], []];
}
