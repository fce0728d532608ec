import type { IStateDB } from '@jupyterlab/statedb';
import { Debouncer } from '@lumino/polling';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

import type { ISavedSession, Session } from './session';

const KEY = 'lit-lab:session';

/**
 * Keep what was typed and asked over a reload of the page.
 *
 * @returns what saves, a little after each change; disposing of it ends that.
 */
export async function keepSession(
  session: Session,
  state: IStateDB,
  restored: Promise<void>
): Promise<Debouncer> {
  await restored;
  const saved = await state.fetch(KEY).catch(() => undefined);
  // Whoever was quicker than this has a prompt by now, which must stay. The
  // answer may still be under way: what is typed meanwhile is kept too.
  if (isSaved(saved) && session.prompt.isEmpty) {
    session.restore(saved).catch(reason => {
      console.warn('LIT Lab: what was kept could not be restored', reason);
    });
  }
  let last = JSON.stringify(session.save());
  const save = new Debouncer(async () => {
    const now = JSON.stringify(session.save());
    if (now !== last && !session.isDisposed) {
      last = now;
      await state.save(KEY, JSON.parse(now) as ReadonlyPartialJSONValue);
    }
  }, 300);
  session.changed.connect(() => {
    save.invoke().catch(reason => {
      console.warn('LIT Lab: the prompt could not be kept', reason);
    });
  });
  return save;
}

/** Whether a value is what this version of the front end keeps. */
function isSaved(value: unknown): value is ISavedSession {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Partial<ISavedSession>).version === 3
  );
}
