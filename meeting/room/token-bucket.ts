/** A rate with room for bursts. Time is handed in, in milliseconds. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;

  constructor(options: { perSecond: number; burst: number }, nowMs: number) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#tokens = options.burst;
    this.#atMs = nowMs;
  }

  /** Takes one, or so many; false when there are not enough, and then nothing is taken. */
  take(nowMs: number, count = 1): boolean {
    this.#fill(nowMs);
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }

  /** Whether so many could be taken. */
  has(nowMs: number, count: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= count;
  }

  /** How long until one can be taken, in milliseconds. */
  wait(nowMs: number): number {
    this.#fill(nowMs);
    return Math.max(0, Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1_000));
  }

  /** Takes so many, whether they are there or not: what is owed comes first, up to as much as a burst. */
  spend(nowMs: number, count: number): void {
    this.#fill(nowMs);
    this.#tokens = Math.max(-this.#burst, this.#tokens - count);
  }

  /** Whether it is as good as a new one. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.#burst;
  }

  #fill(nowMs: number): void {
    const elapsed = Math.max(0, nowMs - this.#atMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed / 1_000) * this.#perSecond);
    this.#atMs = nowMs;
  }
}
