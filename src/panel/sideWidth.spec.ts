import { Widget } from '@lumino/widgets';

import { PanelLayout } from './layout';
import { firstWidth, SideWidth } from './sideWidth';

/** A panel in a page: what it measures, and whether it is seen. */
class FakePanel extends Widget {
  width = 320;
  isShown = false;

  constructor() {
    super();
    Object.defineProperty(this.node, 'offsetWidth', { get: () => this.width });
  }

  get isVisible(): boolean {
    return this.isShown;
  }
}

describe('panel/sideWidth', () => {
  let panel: FakePanel;
  let layout: PanelLayout;
  let wanted: number[];

  const start = async () => {
    const width = new SideWidth(
      panel,
      layout,
      Promise.resolve(),
      Promise.resolve(),
      (_, one) => {
        wanted.push(one);
        panel.width = one;
      }
    );
    await Promise.resolve();
    await Promise.resolve();
    return width;
  };
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));

  beforeEach(() => {
    panel = new FakePanel();
    layout = new PanelLayout();
    wanted = [];
    window.innerWidth = 1280;
  });

  it.each([
    [1280, 420],
    [1920, 420],
    [900, 300]
  ])('on a page of %i px opens %i px wide', (page, width) => {
    expect(firstWidth(page)).toBe(width);
  });

  it('opens wide enough once, and keeps what the user sets', async () => {
    const width = await start();
    panel.isShown = true;
    width.resized();
    await frame();
    expect(wanted).toEqual([420]);
    panel.width = 350;
    width.resized();
    await frame();
    expect(wanted).toEqual([420]);
    expect(layout.width).toBe(350);

    // On the next page, where JupyterLab's layout has the area closed.
    panel.isShown = false;
    panel.width = 320;
    const next = await start();
    panel.isShown = true;
    next.resized();
    await frame();
    expect(wanted).toEqual([420, 350]);
  });

  it('leaves the width that came with JupyterLab’s layout', async () => {
    panel.isShown = true;
    const width = await start();
    width.resized();
    await frame();
    expect(wanted).toEqual([]);
  });
});
