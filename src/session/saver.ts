import type { ApiClient } from '../api';
import type { Explanation } from './explanation';
import type { ForcedAnswerModel } from './forcedAnswer';
import type { PromptModel } from './prompt';
import { isUnderWay } from './run';
import type { Runner } from './runner';
import type { Samples } from './samples';
import { saveRun, showAgain } from './saved';
import type { ISavedSession } from './saved';

/** The parts of a session that are saved over a reload. */
export interface ISavedParts {
  readonly prompt: PromptModel;
  readonly forcedAnswer: ForcedAnswerModel;
  readonly samples: Samples;
  readonly explanation: Explanation;
  readonly runner: Runner;
}

/** Saves a session's state over a reload, and restores it. */
export class SessionSaver {
  constructor(client: Pick<ApiClient, 'run'>, parts: ISavedParts) {
    this._client = client;
    this._parts = parts;
  }

  /**
   * What to save.
   *
   * @param model - name of the model that the user chose, or null.
   */
  save(model: string | null): ISavedSession {
    const { prompt, forcedAnswer, samples, explanation, runner } = this._parts;
    const typed = {
      prompt: prompt.save(),
      model,
      forcedAnswer: forcedAnswer.save()
    };
    if (this._restoring) {
      return { ...this._restoring, ...typed }; // The rest is being restored.
    }
    const { run, attempt } = runner;
    const { target, foil, within } = explanation;
    // A failed attempt must not hide the answer that is shown.
    const isSaved = isUnderWay(attempt) || run === null;
    const several = samples.save();
    return {
      version: 5,
      ...typed,
      run: saveRun(run),
      attempt: isSaved ? saveRun(attempt) : null,
      ...(several && { samples: several }),
      work: explanation.jobs,
      target,
      ...(foil && { foil }),
      ...(within && { within })
    };
  }

  /**
   * Restore a saved session, and follow its jobs that still run. Settles when all
   * of them have ended. A run that the server no longer has is dropped.
   *
   * @param isWanted - whether no other prompt has been opened since.
   */
  async restore(saved: ISavedSession, isWanted: () => boolean): Promise<void> {
    const { prompt, forcedAnswer, samples: several, runner } = this._parts;
    prompt.restore(saved.prompt);
    forcedAnswer.restore(saved.forcedAnswer);
    const { run, attempt, samples } = saved;
    if (samples) {
      several.restore(samples, run, attempt);
    }
    if (run) {
      // Maps were requested: its answer was complete, and explained itself.
      const wasExplained = saved.work.salience.length > 0;
      this._clearedRun =
        saved.target === null && wasExplained ? run.jobId : null;
      this._restoring = saved;
      this._parts.explanation.resume(run.jobId, saved.work);
      await showAgain(runner, this._client, run, isWanted);
      this._restoring = null;
      // The user may have run another prompt in the meantime.
      if (runner.run?.jobId === run.jobId) {
        this._restoreTarget(saved);
      }
    }
    const isAnswering = isUnderWay(runner.attempt) || isUnderWay(runner.run);
    if (attempt && isWanted() && !isAnswering) {
      await showAgain(runner, this._client, attempt, isWanted);
    }
    if (samples) {
      await several.resume();
    }
  }

  /** Whether a run is being restored, with its target. */
  get isRestoring(): boolean {
    return this._restoring !== null;
  }

  /** Id of the restored run whose target the user had cleared, or null. */
  get clearedRun(): string | null {
    return this._clearedRun;
  }

  /** The user opens another prompt: save that one, not the one being restored. */
  forget(): void {
    this._restoring = null;
  }

  private _restoreTarget({ target, foil, within }: ISavedSession): void {
    const { explanation } = this._parts;
    if (target && explanation.scores && !explanation.target) {
      explanation.setTarget(target, target, foil);
    }
    if (within) {
      explanation.restrict(within);
    }
  }

  private readonly _client: Pick<ApiClient, 'run'>;
  private readonly _parts: ISavedParts;
  /** The session being restored, until its run is shown. */
  private _restoring: ISavedSession | null = null;
  private _clearedRun: string | null = null;
}
