/** Deletion and insertion curves, drawn small. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { CurveEvent } from '../api';
import { usePanel } from '../components/context';

const WIDTH = 220;
const HEIGHT = 104;
const TOP = 12;
const BOTTOM = HEIGHT - 14;
/** Where curves have their names: at both ends all of them meet. */
const NAMED_AT = 0.4;
const NAME_HEIGHT = 11;

type Kind = CurveEvent['kind'];
type Order = CurveEvent['order'];

const ORDERS: readonly Order[] = ['length', 'random', 'map'];

/** The map's curves, and those it is compared with. */
export function Plot(props: {
  kind: Kind;
  curves: readonly CurveEvent[];
}): JSX.Element {
  const { trans } = usePanel();
  const { kind, curves } = props;
  const [low, high] = range(curves);
  const shown = ORDERS.flatMap(
    order => curves.find(c => c.kind === kind && c.order === order) ?? []
  );
  const x = (share: number) => share * WIDTH;
  const y = (logprob: number) =>
    high > low
      ? BOTTOM - ((logprob - low) / (high - low)) * (BOTTOM - TOP)
      : BOTTOM;
  const names = apart(
    shown.map(curve => y(valueAt(curve.points, NAMED_AT)) - 3)
  );
  return (
    <figure className="lit-plot">
      <figcaption>{title(kind, trans)}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={describePlot(kind, shown, trans)}
      >
        <path className="lit-plot-axis" d={`M0 ${BOTTOM + 0.5}H${WIDTH}`} />
        {shown.map(curve => (
          <polyline
            key={curve.order}
            className="lit-plot-line"
            data-order={curve.order}
            points={curve.points
              .map(p => `${x(p.share).toFixed(1)},${y(p.logprob).toFixed(1)}`)
              .join(' ')}
          />
        ))}
        {shown.map((curve, i) => (
          <text
            key={curve.order}
            className="lit-plot-name"
            data-order={curve.order}
            x={x(NAMED_AT) + 4}
            y={names[i]}
          >
            {orderName(curve.order, trans)}
          </text>
        ))}
        <text className="lit-plot-tick" x={0} y={HEIGHT - 3}>
          {kind === 'deletion' ? trans.__('all there') : trans.__('none there')}
        </text>
        <text
          className="lit-plot-tick"
          x={WIDTH}
          y={HEIGHT - 3}
          textAnchor="end"
        >
          {kind === 'deletion' ? trans.__('none left') : trans.__('all there')}
        </text>
      </svg>
    </figure>
  );
}

function title(kind: Kind, trans: TranslationBundle): string {
  return kind === 'deletion'
    ? trans.__('Taking away, first ranked first')
    : trans.__('Putting in, first ranked first');
}

function orderName(order: Order, trans: TranslationBundle): string {
  return {
    map: trans.__('this map'),
    random: trans.__('chance'),
    length: trans.__('equal lengths')
  }[order];
}

/** The curves in words and numbers, for screen readers. */
export function describePlot(
  kind: Kind,
  curves: readonly CurveEvent[],
  trans: TranslationBundle
): string {
  const rows = [...curves]
    .reverse()
    .map(({ order, points }) =>
      trans.__(
        '%1: %2, %3, %4 nats',
        orderName(order, trans),
        ...[0.25, 0.5, 0.75].map(share => valueAt(points, share).toFixed(1))
      )
    );
  return trans.__(
    '%1. The target’s log-probability after a quarter, half and three quarters of the tokens. %2',
    title(kind, trans),
    rows.join('; ')
  );
}

/** A curve's value, between its points. */
export function valueAt(points: CurveEvent['points'], share: number): number {
  const at = points.findIndex(point => point.share >= share);
  if (at <= 0) {
    return points[at < 0 ? points.length - 1 : 0].logprob;
  }
  const [before, after] = [points[at - 1], points[at]];
  const part = (share - before.share) / (after.share - before.share);
  return before.logprob + part * (after.logprob - before.logprob);
}

/** Both plots have one scale: the range of all curves. */
function range(curves: readonly CurveEvent[]): [number, number] {
  const values = curves.flatMap(curve => curve.points.map(p => p.logprob));
  return [Math.min(...values), Math.max(...values)];
}

/** Move positions so that names at them don't overlap. */
export function apart(positions: readonly number[]): number[] {
  const order = positions
    .map((_, i) => i)
    .sort((a, b) => positions[a] - positions[b]);
  const moved = [...positions];
  let least = NAME_HEIGHT - 2;
  for (const i of order) {
    moved[i] = Math.max(moved[i], least);
    least = moved[i] + NAME_HEIGHT;
  }
  // Positions beyond the lower edge push the others up.
  let most = BOTTOM - 2;
  for (const i of order.reverse()) {
    moved[i] = Math.min(moved[i], most);
    most = moved[i] - NAME_HEIGHT;
  }
  return moved;
}
