/** Points in time are kept this far apart; together they reach back more than a second. */
const STEP_MS = 20;
const POINTS = 64;

/**
 * R_hat of draft-ietf-rmcat-gcc-02, section 5.5: what reached the receiver a
 * second, by its own clock; and how that compares with what was sent.
 */
export class AcknowledgedRate {
  readonly #arrivals = new Float64Array(POINTS);
  readonly #sent = new Float64Array(POINTS);
  readonly #bytes = new Float64Array(POINTS);
  #points = 0;
  #arrivalMs = Number.NEGATIVE_INFINITY;
  #sentMs = Number.NEGATIVE_INFINITY;
  #total = 0;

  /** A packet that has arrived. */
  add(sentMs: number, arrivalMs: number, bytes: number): void {
    this.#total += bytes;
    if (sentMs > this.#sentMs) this.#sentMs = sentMs;
    if (arrivalMs > this.#arrivalMs) this.#arrivalMs = arrivalMs;
    const last = (this.#points + POINTS - 1) % POINTS;
    if (this.#points > 0 && this.#arrivalMs - (this.#arrivals[last] ?? 0) < STEP_MS) return;
    const at = this.#points++ % POINTS;
    this.#arrivals[at] = this.#arrivalMs;
    this.#sent[at] = this.#sentMs;
    this.#bytes[at] = this.#total;
  }

  /** Bits per second over the last `windowMs`; undefined before half of that has been seen. */
  bitsPerSecond(windowMs: number): number | undefined {
    const from = this.#pointBefore(windowMs);
    if (from < 0) return undefined;
    const elapsedMs = this.#arrivalMs - (this.#arrivals[from] ?? 0);
    return ((this.#total - (this.#bytes[from] ?? 0)) * 8_000) / elapsedMs;
  }

  /**
   * Arrival rate over sending rate of the same packets, in the last `windowMs`:
   * clearly below 1 where a queue fills, about 1 where the path takes it all.
   */
  passedThrough(windowMs: number): number {
    const from = this.#pointBefore(windowMs);
    if (from < 0) return 1;
    const arrival = this.#arrivalMs - (this.#arrivals[from] ?? 0);
    return (this.#sentMs - (this.#sent[from] ?? 0)) / arrival;
  }

  /** The youngest point at least this long ago, else the oldest if it is half as long ago; -1 for none. */
  #pointBefore(windowMs: number): number {
    const kept = Math.min(this.#points, POINTS);
    let at = -1;
    for (let back = 1; back <= kept; back++) {
      at = (this.#points - back) % POINTS;
      if (this.#arrivalMs - (this.#arrivals[at] ?? 0) >= windowMs) return at;
    }
    return at >= 0 && this.#arrivalMs - (this.#arrivals[at] ?? 0) >= windowMs / 2 ? at : -1;
  }
}
