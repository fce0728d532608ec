import type { IStateDB } from '@jupyterlab/statedb';
import { Debouncer } from '@lumino/polling';

import type { DatasetsModel } from './model';

const KEY = 'lit-lab:datasets';

/** Keep over a reload of the page which datasets are open. */
export async function persistDatasets(
  model: DatasetsModel,
  state: IStateDB,
  restored: Promise<unknown>
): Promise<Debouncer> {
  await restored;
  model.restore(await state.fetch(KEY).catch(() => undefined));
  let last = JSON.stringify(model.save());
  const save = new Debouncer(async () => {
    const now = model.save();
    if (!model.isDisposed && JSON.stringify(now) !== last) {
      last = JSON.stringify(now);
      await state.save(KEY, now);
    }
  }, 300);
  model.changed.connect(() => {
    save.invoke().catch(reason => {
      console.warn('LIT Lab: open datasets could not be kept', reason);
    });
  });
  return save;
}
