/** An estimate with its 95 % interval. */
export interface Interval {
  low: number;
  high: number;
}

const z95 = 1.959963984540054;

/** Wilson score interval of a proportion (Wilson 1927); counts in, shares out. Undefined for an empty denominator. */
export function wilson(count: number, total: number, z = z95): Interval | undefined {
  if (total <= 0) return undefined;
  const p = count / total;
  const spread = z * Math.sqrt((p * (1 - p)) / total + (z * z) / (4 * total * total));
  const centre = p + (z * z) / (2 * total);
  const scale = 1 + (z * z) / total;
  // At the ends the bound is the end itself; arithmetic alone would miss it by a rounding.
  return { low: count === 0 ? 0 : Math.max(0, (centre - spread) / scale), high: count === total ? 1 : Math.min(1, (centre + spread) / scale) };
}

/** Exact (Garwood 1936) interval of a Poisson count divided by its exposure. Undefined for no exposure. */
export function poisson(count: number, exposure: number): Interval | undefined {
  if (exposure <= 0) return undefined;
  const low = count === 0 ? 0 : gammaQuantile(0.025, count);
  return { low: low / exposure, high: gammaQuantile(0.975, count + 1) / exposure };
}

/** Interval of a ratio of two independent counts on the log scale: exp(ln R ± 1.96·√(1/a + 1/b)). */
export function ratio(a: number, b: number): Interval | undefined {
  if (a <= 0 || b <= 0) return undefined;
  const spread = z95 * Math.sqrt(1 / a + 1 / b);
  return { low: Math.exp(Math.log(a / b) - spread), high: Math.exp(Math.log(a / b) + spread) };
}

/** Counts of those served among some people, and among those they are compared with. */
export interface Rates {
  count: number;
  of: number;
  refCount: number;
  refOf: number;
}

/** The ratio of two rates with its interval on the log scale, binomial variances (Katz 1978); undefined where a rate is nothing or unknown. */
export function rateRatio({ count, of, refCount, refOf }: Rates): (Interval & { value: number }) | undefined {
  if (!(of > 0 && refOf > 0 && refCount > 0 && count > 0)) return undefined;
  const value = count / of / (refCount / refOf);
  const variance = Math.max(0, 1 / count - 1 / of) + Math.max(0, 1 / refCount - 1 / refOf);
  const spread = Math.exp(z95 * Math.sqrt(variance));
  return { value, low: value / spread, high: value * spread };
}

/**
 * The mean of several ratios of rates, each capped at 1, with its interval: the means of the capped bounds of each ratio's own.
 * Who uses one service may use the others too; bounds that move together hold whatever they share.
 * Undefined where a rate is nothing or unknown.
 */
export function parity(pairs: readonly Rates[]): (Interval & { value: number }) | undefined {
  const ratios = pairs.map(rateRatio).filter((one) => one !== undefined);
  if (ratios.length === 0 || ratios.length < pairs.length) return undefined;
  const mean = (part: 'value' | 'low' | 'high') => ratios.reduce((sum, one) => sum + Math.min(1, one[part]), 0) / ratios.length;
  return { value: mean('value'), low: mean('low'), high: mean('high') };
}

/** x with P(shape, x) = p for the gamma distribution of scale 1; bisection to 1e-12. */
function gammaQuantile(p: number, shape: number): number {
  let low = 0;
  let high = shape + 20 * Math.sqrt(shape) + 20;
  while (high - low > 1e-12 * Math.max(1, high)) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (regularizedGamma(shape, middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Regularised lower incomplete gamma P(a, x): series below a + 1, Lentz' continued fraction above (NIST DLMF 8.11, 8.9). */
function regularizedGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; n < 10_000 && Math.abs(term) > Math.abs(sum) * 1e-16; n += 1) {
      term *= x / (a + n);
      sum += term;
    }
    return sum * front;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let n = 1; n < 10_000; n += 1) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b || 1e-300);
    c = b + an / c || 1e-300;
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return 1 - front * h;
}

/** ln Γ(x) for x > 0 (Stirling series after shifting x above 10). */
function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < 10) {
    shift -= Math.log(y);
    y += 1;
  }
  const inverse = 1 / (y * y);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / y;
  return shift + (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series;
}
