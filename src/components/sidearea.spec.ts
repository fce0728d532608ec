/* eslint-disable jupyter/require-disposable-ownership -- the split panel disposes of what is in it. */
import { SplitLayout, SplitPanel, StackedPanel, Widget } from '@lumino/widgets';

import { widenSide } from './sidearea';

/** What is disposed of after each test. */
const made: SplitPanel[] = [];

/** An area between its neighbours, of which each has a width. */
function areas(width: number): {
  left: Widget;
  right: Widget;
  moved: [number, number][];
} {
  const split = new SplitPanel({ orientation: 'horizontal' });
  made.push(split);
  Object.defineProperty(split.node, 'clientWidth', { value: 1200 });
  const [left, right] = [new Widget(), new Widget()].map(widget => {
    Object.defineProperty(widget.node, 'offsetWidth', { value: width });
    return widget;
  });
  for (const inside of [left, new Widget(), right]) {
    const stack = new StackedPanel();
    stack.addWidget(inside);
    split.addWidget(stack);
  }
  const layout = split.layout as SplitLayout;
  Object.defineProperty(layout.handles[0], 'offsetLeft', { value: width });
  Object.defineProperty(layout.handles[1], 'offsetLeft', {
    value: 1200 - width
  });
  const moved: [number, number][] = [];
  layout.moveHandle = (index, position) => moved.push([index, position]);
  return { left, right, moved };
}

describe('components/sidearea', () => {
  afterEach(() => {
    made.splice(0).forEach(split => split.dispose());
  });

  it('widens an area on the right, and on the left', () => {
    const { left, right, moved } = areas(320);
    widenSide(right, 420);
    widenSide(left, 420);
    expect(moved).toEqual([
      [1, 780],
      [0, 420]
    ]);
  });

  it('narrows none, takes no more than half, and leaves what is in no area', () => {
    const { right, moved } = areas(320);
    widenSide(right, 300);
    widenSide(new Widget(), 420);
    expect(moved).toEqual([]);
    widenSide(right, 1000);
    expect(moved).toEqual([[1, 600]]);
  });
});
