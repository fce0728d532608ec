/** Scales of the pictures of what matters over rows. Pure functions. */
import type { BatchPart, BatchParts } from '../api';

/** The most parts of the heatmap: the strongest. */
export const MAX_DRAWN = 60;

/** The most cells of the heatmap: more take a browser too long to draw. */
export const MAX_CELLS = 6000;

/** The share of cells that are below the full colour, so that one odd row doesn't pale all others. */
const FULL = 0.95;

/** Ends of the ranking's axis; it has zero, too. */
export interface IAxis {
  readonly low: number;
  readonly high: number;
}

/** What a bar of the ranking shows: the effect, or without effects the share. */
export function valueOf({ effect, share }: BatchPart): number | null {
  return effect ?? share;
}

/** The axis on which all bars fit, with their intervals; null: there is nothing to draw. */
export function axisOf(parts: readonly BatchPart[]): IAxis | null {
  const ends = parts.flatMap(part =>
    [valueOf(part), part.low, part.high].filter(
      (end): end is number => end !== null && Number.isFinite(end)
    )
  );
  const low = ends.reduce((least, end) => Math.min(least, end), 0);
  const high = ends.reduce((most, end) => Math.max(most, end), 0);
  return high > low ? { low, high } : null;
}

/** What the heatmap has. */
export interface IHeat {
  readonly parts: readonly BatchPart[];
  /** Indices of the columns among `rows` and each part's `cells`, evenly spread. */
  readonly columns: readonly number[];
  /** The size with the full colour. */
  readonly full: number;
}

/** The heatmap's parts and rows, as many as can be drawn; null: there is nothing. */
export function heatOf({ kind, parts, rows }: BatchParts): IHeat | null {
  const shown = parts.slice(0, MAX_DRAWN);
  if (kind === 'none' || shown.length === 0 || rows.length === 0) {
    return null;
  }
  const step = Math.ceil(
    rows.length / Math.max(1, Math.floor(MAX_CELLS / shown.length))
  );
  const columns = rows.map((_, i) => i).filter(i => i % step === 0);
  const sizes = shown
    .flatMap(({ cells }) => columns.map(i => cells[i] ?? null))
    .filter((size): size is number => size !== null)
    .map(Math.abs)
    .sort((a, b) => a - b);
  if (sizes.length === 0) {
    return null;
  }
  const full =
    sizes[Math.min(sizes.length - 1, Math.floor(FULL * sizes.length))];
  return { parts: shown, columns, full: full > 0 ? full : 1e-9 };
}

/** Strength of a cell's colour: -1 to 1. */
export function strength(value: number, full: number): number {
  return Math.max(-1, Math.min(1, value / full));
}
