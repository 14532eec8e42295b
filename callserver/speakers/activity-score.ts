/**
 * How much a count of active intervals speaks for speech (Volfin and Cohen,
 * "Dominant speaker identification for multipoint videoconferencing", 2013): the
 * logarithm of how likely `active` of `intervals` are in speech (binomial) over how
 * likely they are in noise (exponential). Above zero.
 */
export function activityScore(active: number, intervals: number, noiseDecay: number): number {
  const speech = logBinomial(intervals, active) - intervals * Math.LN2;
  const noise = Math.log(noiseDecay) - noiseDecay * active;
  return Math.max(speech - noise, LEAST_SCORE);
}

/** Scores are compared by their ratio. */
export const LEAST_SCORE = 1e-10;

function logBinomial(n: number, k: number): number {
  let log = 0;
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i);
  return log;
}
