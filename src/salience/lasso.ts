/** A sparse linear fit. */

/** Sweeps over the columns after which the fit ends in any case. */
const MAX_SWEEPS = 2_000;

/** A sweep that changes no weight by more ends the fit. */
const TOLERANCE = 1e-9;

/**
 * Fit a linear model with an intercept and a penalty on its weights' absolute values:
 * |y − X·w − b|² / 2n + alpha·Σ|w|, over columns of X that are scaled to a variance of 1,
 * as scikit-learn's `StandardScaler` and `Lasso` do.
 *
 * @param rows - X; all as long as the first.
 * @param values - y, one for each row.
 * @returns the weights, of the columns as given; 0 for a column that doesn't vary.
 */
export function fitLasso(
  rows: readonly (readonly number[])[],
  values: readonly number[],
  alpha: number
): number[] {
  const count = rows.length;
  const width = rows.at(0)?.length ?? 0;
  const scales: number[] = [];
  const columns: Float64Array[] = [];
  for (let j = 0; j < width; j++) {
    const column = Float64Array.from(rows, row => row[j]);
    scales.push(standardize(column));
    columns.push(column);
  }
  const rest = Float64Array.from(values);
  const mean = rest.reduce((sum, value) => sum + value, 0) / count;
  rest.forEach((value, i) => {
    rest[i] = value - mean;
  });
  const weights = new Array<number>(width).fill(0);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let largest = 0;
    for (let j = 0; j < width; j++) {
      const column = columns[j];
      if (scales[j] === 0) {
        continue;
      }
      let product = 0;
      for (let i = 0; i < count; i++) {
        product += column[i] * rest[i];
      }
      // The column's own sum of squares is `count`.
      const free = product / count + weights[j];
      const next = Math.sign(free) * Math.max(0, Math.abs(free) - alpha);
      const change = next - weights[j];
      if (change !== 0) {
        for (let i = 0; i < count; i++) {
          rest[i] -= column[i] * change;
        }
        weights[j] = next;
        largest = Math.max(largest, Math.abs(change));
      }
    }
    if (largest <= TOLERANCE) {
      break;
    }
  }
  return weights.map((weight, j) => (weight === 0 ? 0 : weight / scales[j]));
}

/** Give a column the mean 0 and the variance 1; returns its standard deviation. */
function standardize(column: Float64Array): number {
  const count = column.length;
  const mean = column.reduce((sum, value) => sum + value, 0) / count;
  const variance =
    column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  const scale = Math.sqrt(variance);
  column.forEach((value, i) => {
    column[i] = scale > 0 ? (value - mean) / scale : 0;
  });
  return scale;
}
