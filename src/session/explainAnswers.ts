import type { Session } from './session';
import { lastSentence } from './target';

/**
 * Make the last sentence of each answer the target as soon as it is complete, if the user's settings say so. A target that
 * is set, or cleared, meanwhile stays as it is.
 */
export function explainAnswers(session: Session): void {
  let last: number | null = null;
  session.changed.connect(() => {
    const { explanation, runs, settings, isRestoring } = session;
    const { shown: run } = runs;
    // Several samples are compared first; the last one of them is explained.
    if (!run || !explanation.scores || runs.isRunning || isRestoring) {
      return;
    }
    if (run.key === last) {
      return;
    }
    last = run.key;
    const span = lastSentence(run, settings);
    // One that was cleared before a reload stays cleared.
    const isCleared = run.jobId !== null && run.jobId === session.clearedRun;
    if (settings.explainAnswer && !explanation.target && span && !isCleared) {
      explanation.setTarget(span);
    }
  });
}
