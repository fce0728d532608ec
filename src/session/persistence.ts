import type { IStateDB } from '@jupyterlab/statedb';
import { Throttler } from '@lumino/polling';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';

import { readSaved } from './saved';
import type { Session } from './session';

const KEY = 'lit-lab:session';

/** How often the state is kept at most, in ms: an answer changes all the time. */
const INTERVAL = 300;

/** Keeps a session's state. */
export interface IPersistence {
  /** Save what changed, soon. */
  save(): Promise<void>;
  dispose(): void;
}

/**
 * Keep what was typed and asked over a reload of the page.
 *
 * The state's store is written some time after a change. What changed last is
 * handed over from page to page in the tab's own storage.
 *
 * @param isReload - whether this page was loaded in place of itself.
 * @returns what saves, a little after each change.
 */
export async function persistSession(
  session: Session,
  state: IStateDB,
  restored: Promise<void>,
  isReload = wasReloaded()
): Promise<IPersistence> {
  let isRestored = false;
  const leave = () => {
    // Left before that, what the page before handed over goes on to the next.
    if (isRestored || !session.prompt.isEmpty) {
      handOver(session);
    }
  };
  window.addEventListener('pagehide', leave);
  await restored;
  const stored = await state.fetch(KEY).catch(() => undefined);
  const handed = takeHandedOver();
  const saved = readSaved((isReload ? handed : null) ?? stored);
  // A prompt that was taken up before this one came must stay. The answer may
  // still be under way: what is typed meanwhile is kept too.
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

/** Leave the state for the page that comes next in this tab. */
function handOver(session: Session): void {
  try {
    window.sessionStorage.setItem(KEY, JSON.stringify(session.save()));
  } catch (reason) {
    // No room, or no storage: the state's store has what it was a moment ago.
    console.warn('LIT Lab: the prompt was not handed over', reason);
  }
}

/** Take what the page before left, which is then gone; null where it left nothing. */
function takeHandedOver(): unknown {
  try {
    const text = window.sessionStorage.getItem(KEY);
    window.sessionStorage.removeItem(KEY);
    return text === null ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether this page took its own place; another page's state would not be its own. */
function wasReloaded(): boolean {
  const [entry] = performance.getEntriesByType('navigation');
  return (entry as PerformanceNavigationTiming | undefined)?.type === 'reload';
}
