// Medians, percentiles, and whether a number is within its budget.

/** The middle value. */
export function median(values) {
  return percentile(values, 50);
}

/** The smallest value that at least this many per cent of the values do not exceed. */
export function percentile(values, percent) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)];
}

/** Prints a figure in milliseconds beside its budget; true when it is within. */
export function judge(name, value, budget) {
  const within = value <= budget;
  console.log(`${name}: ${Math.round(value)} ms of ${budget} ms${within ? '' : ' — over budget'}`);
  return within;
}
