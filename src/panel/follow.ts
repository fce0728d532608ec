import type React from 'react';
import { useEffect, useRef } from 'react';

import { isUnderWay } from '../session/run';
import type { IRun } from '../session/run';

/** The end of the text: the cursor, or the next step. */
const NEWEST = '.lit-caret, .lit-next';

/**
 * Keep an answer in view while it arrives. If the user scrolls up, stop following.
 */
export function useFollow(
  root: React.RefObject<HTMLElement>,
  run: IRun | null,
  explainable: boolean
): void {
  const state = useRef({ key: -1, follows: false, top: 0 });
  const length = run?.answerTokens.length ?? 0;
  const underWay = isUnderWay(run);

  useEffect(() => {
    const all = root.current;
    const { current } = state;
    const onScroll = () => {
      // The text scrolls, or in a low panel all does; the other one stays at its top.
      const top = all!.scrollTop + all!.firstElementChild!.scrollTop;
      if (top < current.top - 1) {
        current.follows = false;
      }
      current.top = top;
    };
    // Scroll events don't bubble.
    all?.addEventListener('scroll', onScroll, true);
    return () => all?.removeEventListener('scroll', onScroll, true);
  }, [root]);

  useEffect(() => {
    const { current } = state;
    if (run && underWay && run.key !== current.key) {
      current.key = run.key;
      current.follows = true;
      current.top = 0;
    }
    if (current.follows && run?.key === current.key) {
      root.current?.querySelector(NEWEST)?.scrollIntoView({ block: 'nearest' });
      // The next step is in view, so there is nothing more to follow.
      current.follows = !explainable;
    }
  }, [root, run, length, underWay, explainable]);
}
