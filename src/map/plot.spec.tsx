import React from 'react';

import type { CurveEvent } from '../api';
import { Stage } from '../components/fixtures';
import { Plot, PlotLegend, ticksOf } from './plot';

describe('map/plot', () => {
  const curve = (
    order: CurveEvent['order'],
    ...logprobs: number[]
  ): CurveEvent => ({
    event: 'curve',
    kind: 'deletion',
    order,
    points: logprobs.map((logprob, i) => ({
      share: i / (logprobs.length - 1),
      logprob
    }))
  });

  const CURVES = [
    curve('map', -1.2, -30, -59.6),
    curve('random', -1.2, -9, -59)
  ];

  let stage: Stage;

  beforeEach(() => {
    stage = new Stage();
  });

  afterEach(() => stage.dispose());

  const texts = (selector: string) =>
    [...stage.host.querySelectorAll(selector)].map(each => each.textContent);

  it('has an upright axis with ticks', () => {
    stage.draw(<Plot kind="deletion" curves={CURVES} />);
    expect(texts('[data-axis="y"]')).toEqual([
      '−50',
      '−40',
      '−30',
      '−20',
      '−10'
    ]);
    const ys = [...stage.host.querySelectorAll('[data-axis="y"]')].map(each =>
      Number(each.getAttribute('y'))
    );
    expect(ys[0]).toBeGreaterThan(ys[1]);
  });

  it('names its lines beside the plot, not on them', () => {
    stage.draw(
      <>
        <Plot kind="deletion" curves={CURVES} />
        <PlotLegend curves={CURVES} />
      </>
    );
    expect(texts('svg text').join()).not.toMatch(/this map|chance/);
    expect(texts('.lit-plot-legend li')).toEqual(['this map', 'chance']);
    // Each sample is drawn as its line is.
    expect(
      [...stage.host.querySelectorAll('li .lit-plot-line')].map(line =>
        line.getAttribute('data-order')
      )
    ).toEqual(['map', 'random']);
  });

  it.each([
    [-59.6, -1.2, [-40, -20]],
    // Zero is just outside of what answers reach: with steps of 20 there would be one tick.
    [-36, -0.4, [-30, -20, -10]],
    [-3, 0, [-3, -2, -1, 0]],
    [-0.31, -0.02, [-0.3, -0.2, -0.1]],
    [-1000, 0, [-1000, -500, 0]],
    [-2, -2, [-2]]
  ])('has round ticks from %d to %d', (low, high, ticks) => {
    const found = ticksOf(low, high, 4);
    expect(found.map(tick => tick + 0)).toEqual(ticks);
  });

  it('has never more ticks than asked for, nor a single one', () => {
    for (let size = -6; size < 6; size += 0.013) {
      const high = -(10 ** (size - 1));
      const found = ticksOf(high - 10 ** size, high, 5);
      expect(found.length).toBeGreaterThanOrEqual(2);
      expect(found.length).toBeLessThanOrEqual(5);
    }
  });
});
