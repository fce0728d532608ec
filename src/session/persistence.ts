import type { IStateDB } from '@jupyterlab/statedb';
import { Throttler } from '@lumino/polling';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

import { readSaved } from './saved';
import type { Session } from './session';

const KEY = 'lit-lab:session';

/** Milliseconds between two saves: an answer changes all the time. */
const INTERVAL = 300;

/** Stores a session's state. */
export interface IPersistence {
  /** Save the latest changes soon. */
  save(): Promise<void>;
  dispose(): void;
}

/**
 * Store the session's state over a reload of the page.
 *
 * The state database is written some time after a change. The latest changes pass
 * from page to page in the tab's session storage.
 *
 * @param isReload - whether the browser reloaded this page.
 * @returns an object that saves a little after each change.
 */
export async function persistSession(
  session: Session,
  state: IStateDB,
  restored: Promise<void>,
  isReload = wasReloaded()
): Promise<IPersistence> {
  let isRestored = false;
  const leave = () => {
    // Closed before restoring: the state of the page before passes to the next page.
    if (isRestored || !session.prompt.isEmpty) {
      handOver(session);
    }
  };
  window.addEventListener('pagehide', leave);
  await restored;
  const stored = await state.fetch(KEY).catch(() => undefined);
  const handed = takeHandedOver();
  const saved = readSaved((isReload ? handed : null) ?? stored);
  // A prompt that was opened before the stored state arrived must stay. The answer
  // may still be in progress: what the user types until then is stored, too.
  if (saved && session.prompt.isEmpty && !session.isDisposed) {
    session.restore(saved).catch(reason => {
      console.warn('LIT Lab: what was kept could not be restored', reason);
    });
  }
  isRestored = true;
  let last = '';
  const save = new Throttler(
    async () => {
      const now = JSON.stringify(session.save());
      if (now !== last && !session.isDisposed) {
        last = now;
        await state.save(KEY, JSON.parse(now) as ReadonlyPartialJSONValue);
      }
    },
    { limit: INTERVAL, edge: 'trailing' }
  );
  session.changed.connect(() => {
    save.invoke().catch(reason => {
      console.warn('LIT Lab: the prompt could not be kept', reason);
    });
  });
  return {
    save: () => save.invoke(),
    dispose: () => {
      window.removeEventListener('pagehide', leave);
      save.dispose();
    }
  };
}

/** Leave the state for the next page in this tab. */
function handOver(session: Session): void {
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify(session.save()));
  } catch (reason) {
    // No space, or no storage: the state database has a slightly older state.
    console.warn('LIT Lab: the prompt was not handed over', reason);
  }
}

/** Take and delete the state that the last page left; null if none. */
function takeHandedOver(): unknown {
  try {
    const text = window.sessionStorage.getItem(KEY);
    window.sessionStorage.removeItem(KEY);
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether the browser reloaded this page; otherwise the state belongs to another page. */
function wasReloaded(): boolean {
  const [entry] = performance.getEntriesByType('navigation');
  return (entry as PerformanceNavigationTiming | undefined)?.type === 'reload';
}
