/** Deletion and insertion curves, drawn small. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { CurveEvent } from '../api';
import { usePanel } from '../components/context';

const WIDTH = 240;
const HEIGHT = 116;
/** The frame of the curves. Ticks are on its left and below it. */
const LEFT = 34;
const RIGHT = WIDTH - 6;
const TOP = 8;
const BOTTOM = HEIGHT - 20;

/** Maximum number of ticks of the vertical axis. */
const TICKS = 5;

type Kind = CurveEvent['kind'];
type Order = CurveEvent['order'];

/** The map's curve lies on top of the others. */
const ORDERS: readonly Order[] = ['length', 'random', 'map'];

/** The map's curves, and the curves to compare them with. */
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
  const x = (share: number) => LEFT + share * (RIGHT - LEFT);
  const y = (logprob: number) =>
    high > low
      ? BOTTOM - ((logprob - low) / (high - low)) * (BOTTOM - TOP)
      : BOTTOM;
  return (
    <figure className="lit-plot">
      <figcaption>{title(kind, trans)}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={describePlot(kind, shown, trans)}
      >
        <path
          className="lit-plot-axis"
          d={`M${LEFT - 0.5} ${TOP}V${BOTTOM + 0.5}H${RIGHT}`}
        />
        {ticksOf(low, high, TICKS).map(tick => (
          <React.Fragment key={tick}>
            <path
              className="lit-plot-grid"
              d={`M${LEFT - 4} ${y(tick).toFixed(1)}H${RIGHT}`}
            />
            <text
              className="lit-plot-tick"
              data-axis="y"
              x={LEFT - 6}
              y={y(tick) + 3}
              textAnchor="end"
            >
              {figure(tick)}
            </text>
          </React.Fragment>
        ))}
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
        <text className="lit-plot-tick" x={LEFT} y={HEIGHT - 5}>
          {kind === 'deletion' ? trans.__('all there') : trans.__('none there')}
        </text>
        <text
          className="lit-plot-tick"
          x={RIGHT}
          y={HEIGHT - 5}
          textAnchor="end"
        >
          {kind === 'deletion' ? trans.__('none left') : trans.__('all there')}
        </text>
      </svg>
    </figure>
  );
}

/** The legend of the lines, in the order of {@link describePlot}. */
export function PlotLegend(props: {
  curves: readonly CurveEvent[];
}): JSX.Element {
  const { trans } = usePanel();
  const orders = [...ORDERS]
    .reverse()
    .filter(order => props.curves.some(curve => curve.order === order));
  return (
    <ul className="lit-plot-legend" aria-label={trans.__('Lines')}>
      {orders.map(order => (
        <li key={order} data-order={order}>
          <svg viewBox="0 0 22 6" aria-hidden>
            <path className="lit-plot-line" data-order={order} d="M0 3H22" />
          </svg>
          {orderName(order, trans)}
        </li>
      ))}
    </ul>
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

/** A curve's value between its points. */
export function valueAt(points: CurveEvent['points'], share: number): number {
  const at = points.findIndex(point => point.share >= share);
  if (at <= 0) {
    return points[at < 0 ? points.length - 1 : 0].logprob;
  }
  const [before, after] = [points[at - 1], points[at]];
  const part = (share - before.share) / (after.share - before.share);
  return before.logprob + part * (after.logprob - before.logprob);
}

/** The common scale of both plots: the range of all curves. */
function range(curves: readonly CurveEvent[]): [number, number] {
  const values = curves.flatMap(curve => curve.points.map(p => p.logprob));
  return [Math.min(...values), Math.max(...values)];
}

/**
 * Round numbers within a range, with the smallest possible steps of 1, 2 or 5 times a power of ten; for an
 * empty range, its only number.
 *
 * @param most - the maximum number of results. From 5 on there are at least 2.
 */
export function ticksOf(low: number, high: number, most: number): number[] {
  const least = (high - low) / most;
  if (!(least > 0) || !Number.isFinite(least)) {
    return [low];
  }
  const power = 10 ** Math.floor(Math.log10(least));
  const ticks = [1, 2, 5, 10].map(factor => {
    const step = factor * power;
    const first = Math.ceil(low / step);
    return Array.from(
      { length: Math.floor(high / step) - first + 1 },
      // Removes floating-point errors such as that of 3 · 0.1.
      (_, i) => Number(((first + i) * step).toPrecision(12))
    );
  });
  return ticks.find(({ length }) => length <= most) ?? [low];
}

/** A tick's number, with a minus sign. */
function figure(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−');
}
