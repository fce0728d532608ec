import React, {
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState
} from 'react';

import { usePanel } from '../components/context';
import type { TokenSpan } from '../salience';
import { describeSegment } from '../session/labels';
import type { IShownMap } from '../session/map';
import type { IText } from '../session/runText';
import { Certainty } from './certainty';
import { followPointed } from './pointed';

/** Score, share and rank of the segment under the pointer or the focus. */
export function Tooltip(props: {
  root: React.RefObject<HTMLDivElement>;
  text: IText;
  map: IShownMap | null;
  target: TokenSpan | null;
  ready: boolean;
  /** The text for a segment; empty: the usual one. */
  describe?: (index: number) => string;
}): JSX.Element | null {
  const { root, text, map, target, ready, describe } = props;
  const id = useId();
  const { trans } = usePanel();
  const [element, setElement] = useState<HTMLElement | null>(null);
  const tip = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const textElement = root.current;
    if (!textElement) {
      return;
    }
    const enter = (event: Event) => {
      const found =
        event.target instanceof Element
          ? event.target.closest<HTMLElement>('[data-segment]')
          : null;
      setElement(found);
    };
    const leave = () => setElement(null);
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape') {
        leave();
      }
    };
    return followPointed(textElement, { enter, leave, key: escape });
  }, [root]);

  const index = Number(element?.dataset.segment ?? -1);
  const span = text.segments[index] as TokenSpan | undefined;
  const segment = map?.segments[index];
  let label = '';
  if (span && element?.isConnected) {
    const count = span[1] - span[0];
    const size = trans._n('%1 token', '%1 tokens', count, count);
    const description = describe?.(index);
    if (description) {
      label = `${description} · ${size}`;
    } else if (segment && segment.share !== null) {
      label = `${describeSegment(segment, map!, trans)} · ${size}`;
    } else if (target && span[0] >= target[0] && span[1] <= target[1]) {
      label = trans.__('being explained · %1', size);
    } else if (span[0] >= text.seam && ready) {
      label = trans.__('Click to see what led to this · %1', size);
    }
  }

  useEffect(() => {
    if (element && label) {
      element.setAttribute('aria-describedby', id);
      return () => element.removeAttribute('aria-describedby');
    }
    return undefined;
  }, [element, label, id]);

  useLayoutEffect(() => {
    const frame = root.current?.parentElement;
    const box = tip.current;
    if (!element || !box || !frame) {
      return;
    }
    const outer = frame.getBoundingClientRect();
    const rows = element.getClientRects();
    const last = rows[rows.length - 1];
    if (!last) {
      return;
    }
    const below = last.bottom - outer.top + 4;
    const scroller = frame.closest('.lit-scroll');
    // Of what scrolls, in a low panel with all around it, and of the end: below that there would be more to scroll, and as
    // the tooltip goes, all would move, perhaps under a press.
    const bottoms = [
      scroller,
      scroller?.parentElement,
      scroller?.lastElementChild
    ].map(one => (one ?? frame).getBoundingClientRect().bottom);
    const fits = last.bottom + 4 + box.offsetHeight <= Math.min(...bottoms);
    const top = fits ? below : rows[0].top - outer.top - box.offsetHeight - 4;
    const left = Math.min(
      last.left - outer.left,
      frame.clientWidth - box.offsetWidth - 8
    );
    box.style.top = `${Math.max(0, top)}px`;
    box.style.left = `${Math.max(4, left)}px`;
  });

  return label ? (
    <div ref={tip} id={id} role="tooltip" className="lit-tooltip">
      {label}
      {span && span[0] >= text.seam && (
        <Certainty tokens={text.tokens.slice(...span)} />
      )}
    </div>
  ) : null;
}
