/** Groups that the line is drawn through: half a second of frames and more. */
const WINDOW = 20;
/** Of the low pass on the accumulated delay. */
const SMOOTHING = 0.9;
/** The slope counts for more the longer it has been watched, up to this many groups. */
const MAX_WEIGHT = 60;
/** Brings the slope to the scale of the draft's thresholds, which are in milliseconds. */
const GAIN = 4;

/**
 * How fast the queueing delay on the path grows: the slope of a line through the
 * smoothed, accumulated differences of inter-arrival time. It stands in the
 * place of the draft's Kalman filter (section 5.3), as it does in browsers: it
 * needs no model of the noise.
 */
export class Trendline {
  readonly #arrivals = new Float64Array(WINDOW);
  readonly #delays = new Float64Array(WINDOW);
  #count = 0;
  #firstArrivalMs = Number.NaN;
  #accumulated = 0;
  #smoothed = 0;
  #slope = 0;

  /** The draft's m(i): above zero the queue grows. Milliseconds, by the draft's measure. */
  get offset(): number {
    return Math.min(this.#count, MAX_WEIGHT) * this.#slope * GAIN;
  }

  /** Takes the deltas of one group, which arrived then. */
  add(sentDeltaMs: number, arrivalDeltaMs: number, arrivalMs: number): void {
    if (Number.isNaN(this.#firstArrivalMs)) this.#firstArrivalMs = arrivalMs;
    this.#accumulated += arrivalDeltaMs - sentDeltaMs;
    this.#smoothed = SMOOTHING * this.#smoothed + (1 - SMOOTHING) * this.#accumulated;
    const place = this.#count++ % WINDOW;
    this.#arrivals[place] = arrivalMs - this.#firstArrivalMs;
    this.#delays[place] = this.#smoothed;
    if (this.#count >= WINDOW) this.#slope = this.#fit() ?? this.#slope;
  }

  /** Least squares; undefined when all groups arrived at once. */
  #fit(): number | undefined {
    let sumX = 0;
    let sumY = 0;
    for (let i = 0; i < WINDOW; i++) {
      sumX += this.#arrivals[i] ?? 0;
      sumY += this.#delays[i] ?? 0;
    }
    const meanX = sumX / WINDOW;
    const meanY = sumY / WINDOW;
    let numerator = 0;
    let denominator = 0;
    for (let i = 0; i < WINDOW; i++) {
      const x = (this.#arrivals[i] ?? 0) - meanX;
      numerator += x * ((this.#delays[i] ?? 0) - meanY);
      denominator += x * x;
    }
    return denominator === 0 ? undefined : numerator / denominator;
  }
}
