/** What is kept of a session when the page is reloaded, and how its runs come back. */
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

/** What is kept of a session when the page is reloaded. */
export interface ISavedSession {
  readonly version: 5;
  readonly prompt: ISavedPrompt;
  readonly model: string | null;
  /** The run whose answer is shown. */
  readonly run: ISavedRun | null;
  /** A run that has no answer yet, such as one that waits for its model. */
  readonly attempt: ISavedRun | null;
  /** The samples that were made, or are being made, in one Run; absent: one alone. */
  readonly samples?: ISavedSamples;
  /** Jobs that compute what led to the shown run's answer. */
  readonly work: ISavedWork;
  readonly target: TokenSpan | null;
  /** The foil that the target is set against; absent: none. */
  readonly foil?: IFoil;
  /** The part of the text that the map is of; absent: all of it. */
  readonly within?: TokenSpan;
  /** The text that is being written to be explained; absent: none. */
  readonly forcedAnswer?: ISavedForcedAnswer;
}

/**
 * Read what this version of the front end saved, or the one before, which had
 * other names; null where another one did.
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

/** What to keep of a run; null where the server doesn't know it yet. */
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
 * or from the history, where the server was restarted meanwhile. A run that
 * neither has is let go.
 *
 * @param isWanted - whether nothing else was taken up meanwhile.
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
      // The history doesn't keep what a template was filled with.
      runner.show({ ...keptRun(record), values: request.values });
    }
  } catch (reason) {
    // It was shown once, and can be run again.
    if (!(reason instanceof ApiError && reason.status === 404)) {
      console.warn('LIT Lab: the last answer is gone', reason);
    }
  }
}
