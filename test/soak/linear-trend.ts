// Does a series of samples rise? A straight line through them by least squares, and how sure its slope is.
//
// Samples of memory depend on the ones before: a garbage collector saws. The confidence takes that into account by the
// correlation of neighbouring residuals; without it a sawtooth would look like a certain trend.

export interface Sample {
  readonly seconds: number;
  readonly value: number;
}

export interface Trend {
  readonly samples: number;
  readonly mean: number;
  /** Units of the value per hour. */
  readonly slopePerHour: number;
  /** The true slope lies within slope ± this, 95 times of 100. */
  readonly marginPerHour: number;
}

const SECONDS_PER_HOUR = 3600;
/** Standard errors on either side of 95 %. */
const NORMAL_95 = 1.96;
const LEAST_SAMPLES = 10;

/** Throws RangeError for fewer than ten samples, or samples of one moment. */
export function fitTrend(samples: readonly Sample[]): Trend {
  const count = samples.length;
  if (count < LEAST_SAMPLES) throw new RangeError(`${count} samples are too few for a trend`);
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / count;
  const middle = samples.reduce((sum, { seconds }) => sum + seconds, 0) / count;
  let spread = 0;
  let product = 0;
  for (const { seconds, value } of samples) {
    spread += (seconds - middle) ** 2;
    product += (seconds - middle) * (value - mean);
  }
  if (!(spread > 0)) throw new RangeError("samples of one moment have no trend");
  const slope = product / spread;
  const residuals = samples.map(({ seconds, value }) => value - mean - slope * (seconds - middle));
  const squares = residuals.reduce((sum, residual) => sum + residual ** 2, 0);
  const error = Math.sqrt(squares / (count - 2) / spread) * Math.sqrt(inflation(residuals, squares));
  return {
    samples: count,
    mean,
    slopePerHour: slope * SECONDS_PER_HOUR,
    marginPerHour: NORMAL_95 * error * SECONDS_PER_HOUR,
  };
}

/** By how much the variance is greater than that of independent samples: (1 + ρ) / (1 − ρ) for a first-order process. */
function inflation(residuals: readonly number[], squares: number): number {
  if (squares === 0) return 1;
  let products = 0;
  for (let i = 1; i < residuals.length; i++) products += residuals[i] * residuals[i - 1];
  const correlation = Math.min(0.99, Math.max(0, products / squares));
  return (1 + correlation) / (1 - correlation);
}

/** True if the line gains more than `share` of the mean in half an hour, and surely rises at all. */
export function isRising(trend: Trend, share: number): boolean {
  const { mean, slopePerHour, marginPerHour } = trend;
  return slopePerHour / 2 > share * mean && slopePerHour - marginPerHour > 0;
}

/** The samples of the last two thirds of the time: before that a process is still finding its size. */
export function lastTwoThirds(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length === 0) return [];
  const first = samples[0].seconds;
  const last = samples[samples.length - 1].seconds;
  return samples.filter(({ seconds }) => seconds >= first + (last - first) / 3);
}
