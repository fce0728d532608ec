import type { BatchPart } from '../api';
import { PARTS } from './fakes';
import { axisOf, heatOf, MAX_CELLS, MAX_DRAWN, strength } from './scales';

describe('batches/scales', () => {
  it('has an axis on which all intervals and zero fit', () => {
    expect(axisOf(PARTS.parts)).toEqual({ low: -0.02, high: 0.6 });
    expect(axisOf([{ ...PARTS.parts[0], low: 0.3 }])?.low).toBe(0);
    expect(axisOf([])).toBeNull();
    const none = { effect: null, low: null, high: null, share: null };
    expect(axisOf([{ ...PARTS.parts[0], ...none }])).toBeNull();
  });

  it('bounds the cells that are drawn, evenly spread', () => {
    const rows = Array.from({ length: 200 }, (_, i) => 5 * i);
    const part: BatchPart = {
      ...PARTS.parts[0],
      cells: rows.map(row => row / 1000)
    };
    const parts = Array.from({ length: 90 }, (_, i) => ({
      ...part,
      id: String(i)
    }));
    const heat = heatOf({ ...PARTS, rows, parts })!;
    expect(heat.parts).toHaveLength(MAX_DRAWN);
    expect(heat.columns.length * MAX_DRAWN).toBeLessThanOrEqual(MAX_CELLS);
    expect(heat.columns.slice(0, 3)).toEqual([0, 2, 4]);
  });

  it('lets one odd row not pale the others', () => {
    const cells = [...Array.from({ length: 99 }, () => 0.1), 50];
    const rows = cells.map((_, i) => i);
    const parts = [{ ...PARTS.parts[0], cells }];
    const { full } = heatOf({ ...PARTS, rows, parts })!;
    expect(full).toBe(0.1);
    expect(strength(50, full)).toBe(1);
    expect(strength(-0.05, full)).toBe(-0.5);
  });

  it('draws nothing without figures', () => {
    const parts = [{ ...PARTS.parts[0], cells: [null, null, null] }];
    expect(heatOf({ ...PARTS, parts })).toBeNull();
    expect(heatOf({ ...PARTS, kind: 'none' })).toBeNull();
    expect(heatOf({ ...PARTS, rows: [] })).toBeNull();
  });
});
