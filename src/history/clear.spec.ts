/** Deleting all runs: what the dialog says, what has the focus, and what is deleted. */
import { Dialog } from '@jupyterlab/apputils';
import { nullTranslator } from '@jupyterlab/translation';

import { until } from '../session/fakes';
import { clearHistory } from './clear';
import type { HistoryModel, IRunCount } from './model';

const trans = nullTranslator.load('lit_lab');

/** What the dialog led to: whether starred runs went, too; null: nothing was deleted. */
async function clear(
  count: IRunCount,
  answer: (dialog: HTMLElement) => void
): Promise<boolean | null> {
  let cleared: boolean | null = null;
  const history = {
    countAll: async () => count,
    clear: async (starred: boolean) => {
      cleared = starred;
    }
  };
  const done = clearHistory(history as unknown as HistoryModel, trans);
  const dialog = () => document.querySelector<HTMLElement>('.jp-Dialog');
  await until(() => dialog() !== null);
  answer(dialog()!);
  await done;
  return cleared;
}

function press(dialog: HTMLElement, name: string): void {
  const buttons = [...dialog.querySelectorAll('button')];
  buttons.find(button => button.textContent === name)!.click();
}

describe('history/clear', () => {
  afterEach(() => Dialog.flush());

  it('has the focus on Cancel, which deletes nothing', async () => {
    const cleared = await clear({ all: 3, starred: 1 }, dialog => {
      expect(dialog.textContent).toContain('2 runs and their maps');
      expect(dialog.textContent).toContain('1 starred run stays.');
      expect(document.activeElement?.textContent).toBe('Cancel');
      (document.activeElement as HTMLElement).click();
    });
    expect(cleared).toBeNull();
  });

  it('spares starred runs, unless they are ticked', async () => {
    const count = { all: 3, starred: 1 };
    expect(await clear(count, dialog => press(dialog, 'Delete'))).toBe(false);
    const all = await clear(count, dialog => {
      dialog.querySelector<HTMLInputElement>('input')!.click();
      press(dialog, 'Delete');
    });
    expect(all).toBe(true);
  });

  it('offers no tick where nothing is starred', async () => {
    const cleared = await clear({ all: 2, starred: 0 }, dialog => {
      expect(dialog.querySelector('input')).toBeNull();
      press(dialog, 'Delete');
    });
    expect(cleared).toBe(false);
  });
});
