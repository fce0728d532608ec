import React, { useRef } from 'react';

import { usePanel } from '../components/context';
import type { PanelLayout } from './layout';

/** The share of the height that a key press adds. */
const STEP = 0.05;

/** The edge between text and drawer. The user drags it, or moves it with arrow keys. */
export function Edge({ layout }: { layout: PanelLayout }): JSX.Element {
  const { trans } = usePanel();
  const edge = useRef<HTMLDivElement>(null);
  const onPointerDown = (event: React.PointerEvent) => {
    event.preventDefault();
    edge.current?.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: React.PointerEvent) => {
    const drawer = edge.current?.parentElement;
    const all = drawer?.parentElement?.getBoundingClientRect();
    if (edge.current?.hasPointerCapture(event.pointerId) && all) {
      layout.resize((all.bottom - event.clientY) / all.height);
    }
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const steps: Record<string, number | undefined> = {
      ArrowUp: STEP,
      ArrowDown: -STEP
    };
    const step = steps[event.key];
    if (step !== undefined) {
      event.preventDefault();
      layout.resize(layout.height + step);
    }
  };
  return (
    <div
      ref={edge}
      className="lit-edge"
      role="separator"
      aria-orientation="horizontal"
      aria-label={trans.__('Height of the insight')}
      aria-valuenow={Math.round(layout.height * 100)}
      aria-valuemin={0}
      aria-valuemax={100}
      tabIndex={0}
      title={trans.__('Drag, or press the up and down arrow keys')}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onKeyDown={onKeyDown}
    />
  );
}
