/** What is stored of a session over a reload, and how its runs return. */
import { ApiError } from '../api';
import type { ApiClient } from '../api';
import type { TokenSpan } from '../salience';
import type { IFoil } from './contrast';
import type { ISavedWork } from './runscores';
import type { ISavedForcedAnswer } from './forcedAnswer';
import type { ISavedPrompt } from './prompt';
import { keptRun } from './run';
import type { IRun, ISavedRun } from './run';
import type { Runner } from './runner';
import type { ISavedSamples } from './samples';

/** What is stored of a session over a reload. */
export interface ISavedSession {
  readonly version: 5;
  readonly prompt: ISavedPrompt;
  readonly model: string | null;
  /** The run whose answer is shown. */
  readonly run: ISavedRun | null;
  /** A run that has no answer yet, such as one that waits for its model. */
  readonly attempt: ISavedRun | null;
  /** The samples of the run; absent for a single answer. */
  readonly samples?: ISavedSamples;
  /** Jobs that compute the shown run's scores. */
  readonly work: ISavedWork;
  readonly target: TokenSpan | null;
  /** The foil of a contrastive target; absent: none. */
  readonly foil?: IFoil;
  /** The part of the text that the map covers; absent: all of it. */
  readonly within?: TokenSpan;
  /** The forced answer that the user is writing; absent: none. */
  readonly forcedAnswer?: ISavedForcedAnswer;
}

/**
 * Read what this version of the front end saved, or version 0.1.0; null for any
 * other.
 */
export function readSaved(value: unknown): ISavedSession | null {
  if (typeof value !== 'object' || value === null || !('version' in value)) {
    return null;
  }
  if (value.version === 4) {
    const { other, given, run, attempt, ...rest } = value as ISavedSessionOf4;
    return {
      ...rest,
      run: run && runOf4(run),
      attempt: attempt && runOf4(attempt),
      ...(other && { foil: other }),
      ...(given && { forcedAnswer: given }),
      version: 5
    };
  }
  return value.version === 5 ? (value as ISavedSession) : null;
}

/** What version 0.1.0 of LIT Lab saved of a session. */
type ISavedSessionOf4 = Pick<
  ISavedSession,
  'prompt' | 'model' | 'samples' | 'work' | 'target' | 'within'
> & {
  readonly version: 4;
  readonly run: ISavedRunOf4 | null;
  readonly attempt: ISavedRunOf4 | null;
  readonly other?: IFoil;
  readonly given?: ISavedForcedAnswer;
};

/** What it saved of a run. */
type ISavedRunOf4 = Omit<ISavedRun, 'forcedAnswer'> & {
  readonly given?: string;
};

function runOf4({ given, ...rest }: ISavedRunOf4): ISavedRun {
  return given === undefined ? rest : { ...rest, forcedAnswer: given };
}

/** What to store of a run; null until the server knows it. */
export function saveRun(run: IRun | null): ISavedRun | null {
  if (!run || run.jobId === null) {
    return null;
  }
  const { model, prompt, values, sampling, stop, chat, origin } = run;
  const { forcedAnswer, title, thinking, turns } = run;
  return {
    jobId: run.jobId,
    started: run.started,
    model,
    prompt,
    values: { ...values },
    sampling,
    chat,
    origin,
    ...(turns !== undefined && { turns }),
    ...(thinking !== undefined && { thinking }),
    ...(stop !== undefined && { stop }),
    ...(forcedAnswer !== undefined && { forcedAnswer }),
    ...(title !== undefined && { title })
  };
}

/**
 * Show a run of an earlier page again, and follow it to its end: from its job,
 * or, if the server has restarted, from the history. A run that neither has is
 * dropped.
 *
 * @param isWanted - whether no other prompt has been opened since.
 */
export async function showAgain(
  runner: Runner,
  client: Pick<ApiClient, 'run'>,
  { jobId, started, ...request }: ISavedRun,
  isWanted: () => boolean
): Promise<void> {
  if (await runner.replay(request, jobId, started)) {
    return;
  }
  const { run } = runner;
  try {
    const record = await client.run(jobId);
    if (isWanted() && runner.run === run && runner.attempt === null) {
      // The history doesn't store the values of a template's fields.
      runner.show({ ...keptRun(record), values: request.values });
    }
  } catch (reason) {
    // The user can run the prompt again.
    if (!(reason instanceof ApiError && reason.status === 404)) {
      console.warn('LIT Lab: the last answer is gone', reason);
    }
  }
}
