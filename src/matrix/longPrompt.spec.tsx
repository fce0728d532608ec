import { nullTranslator } from '@jupyterlab/translation';
import React, { act } from 'react';
import { createRoot } from 'react-dom/client';

import { PanelContext } from '../components/context';
import { LongPrompt } from '../session/longPrompt';
import { Grid } from './grid';
import { MatrixModel } from './model';

const CONTEXT = {
  trans: nullTranslator.load('lit_lab'),
  showLog: () => undefined,
  openMenu: () => undefined
};

(globalThis as Record<string, unknown>).IS_REACT_ACT_ENVIRONMENT = true;

describe('matrix of a long prompt', () => {
  it('shows no effect of sentences that were not looked into, rather than 0', async () => {
    const long = await LongPrompt.begin();
    const { session } = long.scenario;
    const model = new MatrixModel(session);
    await long.mapped();
    await long.finish([0.001, 0.001, 0.9, 0.001, 0.001, 0, 0, 0.3]);
    // The sentences are still to be deleted.
    expect(model.hasEffects).toBe(false);
    await long.finish([0, 0.7]);
    expect(model.by).toBe('effect');
    const { rows, columns } = model.table!;
    expect(rows[0].cells!.filter(cell => cell !== null)).toHaveLength(12);
    expect(rows[0].cells![13]!.effect!.delta).toBeGreaterThan(1);
    expect(rows[0].cells![0]).toBeNull();
    expect(rows[0].unlooked![0]!.isSmall).toBe(true);
    expect(rows[0].unlooked![13]).toBeNull();
    expect(columns[0].total).toBeNull();
    expect(columns[13].total).toBeGreaterThan(0);
    // The answer's first sentence was deleted with the paragraphs.
    expect(rows[1].cells![72]!.effect).toBeDefined();

    const host = document.createElement('div');
    const root = createRoot(host);
    await act(async () =>
      root.render(
        <PanelContext value={CONTEXT}>
          <Grid model={model} table={model.table!} />
        </PanelContext>
      )
    );
    const cell = host.querySelector<HTMLElement>('[data-cell="0:0"]')!;
    expect(cell.textContent).toBe('–');
    expect(cell.dataset.state).toBe('unlooked');
    expect(cell.getAttribute('aria-label')).toContain('not looked into');
    expect(host.querySelector('.lit-matrix-details')!.textContent).toContain(
      'not looked into: its paragraph changes little'
    );
    expect(host.querySelector('tfoot td')!.textContent).toBe('–');
    expect(
      host.querySelector('[data-cell="0:72"]')!.getAttribute('aria-label')
    ).toBe('the sentence itself');
    await act(async () => root.unmount());
    model.dispose();
    session.dispose();
  });
});
