import type { JupyterFrontEnd } from '@jupyterlab/application';
import { SplitPanel, TabPanel, Widget } from '@lumino/widgets';

import { bringToFront } from './mainarea';

describe('components/mainarea: a tab below a document', () => {
  it.each([
    ['was just added', [1, 0], true],
    ['has little room', [0.9, 0.1], true],
    ['has room', [0.7, 0.3], false]
  ])('gets room where it %s', (_, sizes, isChanged) => {
    const split = new SplitPanel({ orientation: 'vertical' });
    const area = new TabPanel();
    const other = new Widget();
    area.addWidget(new Widget());
    area.addWidget(other);
    split.addWidget(new Widget());
    split.addWidget(area);
    Object.defineProperty(split.node, 'clientHeight', { value: 800 });
    // Until it is laid out, its content says how high it is.
    Object.defineProperty(area.node, 'clientHeight', { value: 500 });
    jest.spyOn(split, 'relativeSizes').mockReturnValue(sizes);
    const resize = jest.spyOn(split, 'setRelativeSizes');
    const activateById = jest.fn();
    bringToFront({ activateById } as unknown as JupyterFrontEnd.IShell, other);
    expect(area.currentWidget).toBe(other);
    expect(activateById).toHaveBeenCalledWith(other.id);
    expect(resize.mock.calls).toEqual(isChanged ? [[[1, 1]]] : []);
    split.dispose();
  });
});
