import type { ISignal } from '@lumino/signaling';
import { useEffect, useReducer } from 'react';

/** Redraw a component whenever a model changes. */
export function useRedraw<T extends { changed: ISignal<T, unknown> }>(
  model: T
): void {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    const onChange = () => redraw();
    model.changed.connect(onChange);
    return () => {
      model.changed.disconnect(onChange);
    };
  }, [model]);
}
