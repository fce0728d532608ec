/** How two runs differ, in a line. */
import type { TranslationBundle } from '@jupyterlab/translation';

import { describeChat } from '../session/chat';
import { describeSampling } from '../session/labels';
import type { IRun } from '../session/run';
import { isSameStops, quoteStop } from '../session/stop';
import type { ITextDifference } from './segments';

/** What a summary depends on. */
export interface ISummarized {
  readonly left: IRun;
  readonly right: IRun;
  readonly prompt: ITextDifference;
  /** Null while an answer is in progress. */
  readonly answer: ITextDifference | null;
}

/** How two runs differ, in short sentences. */
export function summarize(
  { left, right, prompt, answer }: ISummarized,
  trans: TranslationBundle
): string[] {
  const said: string[] = [];
  if (left.model !== right.model) {
    said.push(trans.__('Two models.'));
  }
  if (prompt.changes.length > 0) {
    said.push(trans.__('Prompt: %1.', countChanges(prompt, trans)));
  } else if (left.prompt === right.prompt) {
    said.push(trans.__('The same prompt.'));
  } else {
    said.push(trans.__('The prompts differ only in spaces and line breaks.'));
  }
  const [how, otherwise] = [left, right].map(run =>
    describeSampling(run.sampling, trans)
  );
  // A forced answer isn't sampled.
  const isForced =
    left.forcedAnswer !== undefined || right.forcedAnswer !== undefined;
  if (!isForced && how !== otherwise) {
    said.push(trans.__('Sampled differently: %1 and %2.', how, otherwise));
  }
  const [stops, otherStops] = [left, right].map(
    run =>
      (run.stop ?? []).map(one => quoteStop(one, trans)).join(', ') ||
      trans.__('none')
  );
  if (!isForced && !isSameStops(left.stop, right.stop)) {
    said.push(
      trans.__('Different texts to stop at: %1 and %2.', stops, otherStops)
    );
  }
  if (left.chatUse !== right.chatUse || left.thinks !== right.thinks) {
    const [one, other] = [left, right].map(
      run =>
        describeChat(run.chatUse, trans, run.thinks) ||
        trans.__('no chat format')
    );
    said.push(trans.__('Prompted differently: %1 and %2.', one, other));
  }
  if (answer) {
    said.push(
      answer.changes.length > 0
        ? trans.__('Answer: %1.', countChanges(answer, trans))
        : trans.__('The same answer.')
    );
  }
  return said;
}

/** How many sentences were added, removed and changed. */
function countChanges(
  { changes, same }: ITextDifference,
  trans: TranslationBundle
): string {
  const count = (kind: string) =>
    changes.filter(change => change.kind === kind).length;
  const [changed, removed, added] = ['changed', 'removed', 'added'].map(count);
  return [
    removed &&
      trans._n('%1 sentence only in A', '%1 sentences only in A', removed),
    added && trans._n('%1 sentence only in B', '%1 sentences only in B', added),
    changed && trans._n('%1 sentence changed', '%1 sentences changed', changed),
    same === 0 ? trans.__('nothing the same') : trans.__('%1 the same', same)
  ]
    .filter(Boolean)
    .join(', ');
}
