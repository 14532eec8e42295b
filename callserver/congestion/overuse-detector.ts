export type PathUse = 'normal' | 'overuse' | 'underuse';

/** del_var_th(0) and the range that it stays in, section 5.4. */
const FIRST_THRESHOLD_MS = 12.5;
const MIN_THRESHOLD_MS = 6;
const MAX_THRESHOLD_MS = 600;
/** A sample this far out does not move the threshold: it is a spike, not a trend. */
const MAX_ADAPTED_MS = 15;
/** K_u and K_d for the trendline's measure: towards larger offsets slowly, back quickly. */
const GAIN_UP = 0.0087;
const GAIN_DOWN = 0.039;
const MAX_STEP_MS = 100;
/** overuse_time_th */
const OVERUSE_MS = 10;

/**
 * Tells by the delay's trend whether the path is used beyond what it bears
 * (draft-ietf-rmcat-gcc-02, section 5.4). The threshold adapts, so that flows
 * that fill every queue do not starve this one.
 */
export class OveruseDetector {
  #threshold = FIRST_THRESHOLD_MS;
  #use: PathUse = 'normal';
  #overMs = -1;
  #overCount = 0;
  #lastOffset = 0;
  #lastMs = Number.NaN;

  get use(): PathUse {
    return this.#use;
  }

  get thresholdMs(): number {
    return this.#threshold;
  }

  /** Takes the trend after one more group, whose packets were sent `sentDeltaMs` after those before. */
  detect(offset: number, sentDeltaMs: number, arrivalMs: number): PathUse {
    if (offset > this.#threshold) {
      // Where exactly it passed the threshold in the first interval is not known.
      this.#overMs = this.#overMs < 0 ? sentDeltaMs / 2 : this.#overMs + sentDeltaMs;
      this.#overCount++;
      if (this.#overMs > OVERUSE_MS && this.#overCount > 1 && offset >= this.#lastOffset) {
        this.#overMs = 0;
        this.#overCount = 0;
        this.#use = 'overuse';
      }
    } else {
      this.#overMs = -1;
      this.#overCount = 0;
      this.#use = offset < -this.#threshold ? 'underuse' : 'normal';
    }
    this.#lastOffset = offset;
    this.#adapt(offset, arrivalMs);
    return this.#use;
  }

  #adapt(offset: number, arrivalMs: number): void {
    const elapsed = Number.isNaN(this.#lastMs)
      ? 0
      : Math.max(0, Math.min(arrivalMs - this.#lastMs, MAX_STEP_MS));
    this.#lastMs = arrivalMs;
    const size = Math.abs(offset);
    if (size > this.#threshold + MAX_ADAPTED_MS) return;
    const gain = size < this.#threshold ? GAIN_DOWN : GAIN_UP;
    const threshold = this.#threshold + gain * (size - this.#threshold) * elapsed;
    this.#threshold = Math.max(MIN_THRESHOLD_MS, Math.min(threshold, MAX_THRESHOLD_MS));
  }
}
