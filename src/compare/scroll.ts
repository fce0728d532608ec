/** Two texts that scroll together, by their alignment. */
import type React from 'react';
import { useEffect } from 'react';

import type { IAlignment } from './segments';

/** A height in one text and the corresponding height in the other. */
export type Anchor = readonly [left: number, right: number];

/**
 * The position to which the other text scrolls.
 *
 * While the user scrolls, the point that both texts share moves from the top of the
 * visible area to its end, so that both texts reach both ends.
 *
 * @param from - the text that the user scrolled: position, visible height, total.
 * @param to - the other text.
 * @param anchors - ascending, as `[from, to]`.
 */
export function follow(
  from: IScrolled,
  to: Omit<IScrolled, 'top'>,
  anchors: readonly Anchor[]
): number {
  const range = from.all - from.inView;
  const part = range > 0 ? Math.min(1, Math.max(0, from.top / range)) : 0;
  const point = from.top + part * from.inView;
  let [a, b]: Anchor = [0, 0];
  let [c, d]: Anchor = [from.all, to.all];
  for (const [x, y] of anchors) {
    if (x <= point) {
      [a, b] = [x, y];
    } else {
      [c, d] = [x, y];
      break;
    }
  }
  const other = c > a ? b + ((point - a) / (c - a)) * (d - b) : b;
  const most = Math.max(0, to.all - to.inView);
  return Math.min(most, Math.max(0, other - part * to.inView));
}

/** A text's scrolling, in pixels. */
export interface IScrolled {
  readonly top: number;
  readonly inView: number;
  readonly all: number;
}

/** Anchors that ascend on both sides. */
export function ascending(anchors: readonly Anchor[]): Anchor[] {
  const kept: Anchor[] = [];
  let [x, y] = [-1, -1];
  for (const anchor of anchors) {
    if (anchor[0] > x && anchor[1] > y) {
      kept.push(anchor);
      [x, y] = anchor;
    }
  }
  return kept;
}

/** Scroll both texts of a comparison together. */
export function useScrollTogether(
  panes: readonly [React.RefObject<HTMLElement>, React.RefObject<HTMLElement>],
  alignment: IAlignment | null
): void {
  const [left, right] = panes;
  useEffect(() => {
    const [a, b] = [left.current, right.current];
    if (!a || !b || !alignment) {
      return;
    }
    let measured: { anchors: Anchor[]; of: string } | null = null;
    const measure = () => {
      const of = [a, b].map(e => `${e.clientWidth}:${e.scrollHeight}`).join();
      if (measured?.of !== of) {
        measured = { anchors: anchorsOf(a, b, alignment), of };
      }
      return measured.anchors;
    };
    /** Where the code itself scrolled a text: the user didn't. */
    const put = new Map<HTMLElement, number>();
    const onScroll = (event: Event) => {
      const from = event.currentTarget as HTMLElement;
      const to = from === a ? b : a;
      const expected = put.get(from);
      put.delete(from);
      if (expected !== undefined && Math.abs(from.scrollTop - expected) < 2) {
        return;
      }
      const anchors = measure();
      const top = follow(
        {
          top: from.scrollTop,
          inView: from.clientHeight,
          all: from.scrollHeight
        },
        { inView: to.clientHeight, all: to.scrollHeight },
        from === a ? anchors : anchors.map(([x, y]): Anchor => [y, x])
      );
      if (Math.abs(to.scrollTop - top) >= 1) {
        to.scrollTop = top;
        put.set(to, to.scrollTop);
      }
    };
    a.addEventListener('scroll', onScroll);
    b.addEventListener('scroll', onScroll);
    return () => {
      a.removeEventListener('scroll', onScroll);
      b.removeEventListener('scroll', onScroll);
    };
  }, [left, right, alignment]);
}

function anchorsOf(
  left: HTMLElement,
  right: HTMLElement,
  alignment: IAlignment
): Anchor[] {
  const [ours, theirs] = [heights(left), heights(right)];
  return ascending(
    alignment.pairs.flatMap((pair): Anchor[] => {
      const x = pair.left === null ? undefined : ours.get(pair.left);
      const y = pair.right === null ? undefined : theirs.get(pair.right);
      return x === undefined || y === undefined ? [] : [[x, y]];
    })
  );
}

/** The top of each segment, by its index. */
function heights(pane: HTMLElement): Map<number, number> {
  const start = pane.getBoundingClientRect().top - pane.scrollTop;
  const found = new Map<number, number>();
  pane.querySelectorAll<HTMLElement>('[data-segment]').forEach(element => {
    const { top } = element.getBoundingClientRect();
    found.set(Number(element.dataset.segment), top - start);
  });
  return found;
}
