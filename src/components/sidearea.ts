import type { Widget } from '@lumino/widgets';
import { SplitLayout, SplitPanel } from '@lumino/widgets';

import { ancestor } from './mainarea';

/**
 * Make the side area wider, as dragging its edge does, until a widget in it has this width. It never takes more than half of
 * what it shares with its neighbours.
 */
export function widenSide(widget: Widget, width: number): void {
  const split = ancestor(widget, SplitPanel);
  const layout = split?.layout;
  if (split?.orientation !== 'horizontal' || !(layout instanceof SplitLayout)) {
    return;
  }
  const most = Math.floor(split.node.clientWidth / 2);
  const more = Math.min(width, most) - widget.node.offsetWidth;
  const at = layout.widgets.findIndex(each => each.contains(widget));
  if (more <= 0 || at < 0) {
    return;
  }
  // On the left its edge is after it, on the right before it.
  const edge = Math.max(at - 1, 0);
  const { offsetLeft } = layout.handles[edge];
  layout.moveHandle(edge, at === 0 ? offsetLeft + more : offsetLeft - more);
}
