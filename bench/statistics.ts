/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Two rows of values that were taken in pairs. */
export interface Comparison {
  control: number;
  ours: number;
  /** Of the medians. */
  ratio: number;
  /** Least and greatest ratio of a pair. */
  least: number;
  most: number;
}

/** Compares the medians; the spread is that of the pairs, for what is common to a pair cancels out. */
export function compare(control: readonly number[], ours: readonly number[]): Comparison {
  const ratios = ours.map((value, at) => value / control[at]!);
  const middle = { control: median(control), ours: median(ours) };
  return {
    ...middle,
    ratio: middle.ours / middle.control,
    least: Math.min(...ratios),
    most: Math.max(...ratios),
  };
}
