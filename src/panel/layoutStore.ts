import type { IStateDB } from '@jupyterlab/statedb';
import type { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';

import type { PanelLayout } from './layout';

const KEY = 'lit-lab:layout';

/** Milliseconds without a change before it is stored: a drag changes all the time. */
const QUIET = 300;

/** Restore the panel's layout, and store it after each change, until what is returned is disposed of. */
export async function persistLayout(
  layout: PanelLayout,
  state: IStateDB,
  restored: Promise<void>
): Promise<IDisposable> {
  await restored;
  layout.restore(await state.fetch(KEY).catch(() => undefined));
  const save = new Debouncer(() => state.save(KEY, layout.save()), QUIET);
  layout.changed.connect(() => {
    save.invoke().catch(reason => {
      console.warn('LIT Lab: the layout could not be stored', reason);
    });
  });
  return save;
}
