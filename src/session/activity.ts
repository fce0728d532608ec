import { isUnderWay } from './run';
import type { Session } from './session';

/** What a model is doing for a session. */
export type Activity = 'waiting' | 'answering' | 'explaining';

/** What a model is doing for this session; null if nothing. */
export function activityOf({ runs, explanation }: Session): Activity | null {
  const { shown, attempt } = runs;
  if (runs.isRunning) {
    const isAnswering = [shown, attempt].some(
      run => isUnderWay(run) && run?.phase === 'answering'
    );
    return isAnswering ? 'answering' : 'waiting';
  }
  return explanation.isBusy ? 'explaining' : null;
}
