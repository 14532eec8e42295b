/** Section 6: below the first share the rate may grow, above the second it must fall. */
const LOW_LOSS = 0.02;
const HIGH_LOSS = 0.1;
const INCREASE_PER_SECOND = 1.08;
/** Shares of fewer packets, or of a shorter time, are chance. */
const MIN_PACKETS = 100;
const MIN_MS = 1_000;
/** Where packets are few, time has to do. */
const MAX_MS = 3_000;
const FEW_PACKETS = 20;

/**
 * The loss-based controller (draft-ietf-rmcat-gcc-02, section 6). Between 2 and
 * 10 % of loss it holds: radio loses that much without being full. Bits per second.
 */
export class LossControl {
  readonly #min: number;
  readonly #max: number;
  #rate: number;
  #sinceMs = Number.NaN;
  #arrived = 0;
  #lost = 0;
  #fraction = 0;

  constructor(start: number, min: number, max: number) {
    this.#rate = start;
    this.#min = min;
    this.#max = max;
  }

  get rate(): number {
    return this.#rate;
  }

  /** Share of packets lost in the last whole period. */
  get fractionLost(): number {
    return this.#fraction;
  }

  /** A probe has shown what the path bears. */
  set(rate: number): void {
    this.#rate = this.#clamp(rate);
  }

  /** What one feedback told; `bound` is the rate of the delay-based controller, which this one follows up. */
  update(arrived: number, lost: number, bound: number, nowMs: number): void {
    if (Number.isNaN(this.#sinceMs)) this.#sinceMs = nowMs;
    this.#arrived += arrived;
    this.#lost += lost;
    const elapsed = nowMs - this.#sinceMs;
    const packets = this.#arrived + this.#lost;
    const enough = packets >= MIN_PACKETS ? elapsed >= MIN_MS : elapsed >= MAX_MS;
    if (!enough) return;
    if (packets >= FEW_PACKETS) this.#judge(elapsed, bound);
    this.#sinceMs = nowMs;
    this.#arrived = 0;
    this.#lost = 0;
  }

  #judge(elapsedMs: number, bound: number): void {
    this.#fraction = Math.max(0, this.#lost) / Math.max(1, this.#arrived + this.#lost);
    if (this.#fraction > HIGH_LOSS) {
      this.#rate = this.#clamp(Math.min(this.#rate, bound) * (1 - 0.5 * this.#fraction));
    } else if (this.#fraction < LOW_LOSS) {
      const raised = this.#rate * INCREASE_PER_SECOND ** Math.min(1, elapsedMs / 1_000);
      // Without loss it does not stand in the way of the other controller.
      this.#rate = this.#clamp(Math.max(raised, bound));
    }
  }

  #clamp(rate: number): number {
    return Math.max(this.#min, Math.min(rate, this.#max));
  }
}
