import type { IStateDB } from '@jupyterlab/statedb';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';

import type { PanelLayout } from './layout';

/** The side panel's key. */
const LAYOUT_KEY = 'lit-lab:layout';

/** The key of the panel in the main area. */
export const MAIN_LAYOUT_KEY = 'lit-lab:main-layout';

/** Milliseconds without a change before the layout is stored. During a drag it changes all the time. */
const QUIET = 300;

/** Restore a panel's layout, and store it after each change. Settles when the layout is restored. */
export async function persistLayout(
  layout: PanelLayout,
  state: IStateDB,
  restored: Promise<void>,
  key = LAYOUT_KEY
): Promise<IDisposable> {
  await restored;
  layout.restore(await state.fetch(key).catch(() => undefined));
  const save = new Debouncer(() => state.save(key, layout.save()), QUIET);
  layout.changed.connect(() => {
    save.invoke().catch(reason => {
      console.warn('LIT Lab: the layout could not be stored', reason);
    });
  });
  return save;
}
