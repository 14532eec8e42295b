/** A mean over the last seconds: a ring of one-second buckets. */
export class Rate {
  readonly #buckets: number[];
  #second: number | undefined;
  #filled = 0;

  constructor(seconds: number) {
    this.#buckets = new Array<number>(seconds + 1).fill(0);
  }

  add(amount: number, nowMs: number): void {
    const at = this.#advance(nowMs) % this.#buckets.length;
    this.#buckets[at] = (this.#buckets[at] ?? 0) + amount;
  }

  /** Per second, over the whole seconds that have passed. */
  perSecond(nowMs: number): number {
    const second = this.#advance(nowMs);
    const size = this.#buckets.length;
    const whole = Math.min(this.#filled, size - 1);
    if (whole === 0) return 0;
    let sum = 0;
    for (let i = 1; i <= whole; i++) sum += this.#buckets[(second - i + size) % size] ?? 0;
    return sum / whole;
  }

  #advance(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    const before = this.#second ?? second;
    const size = this.#buckets.length;
    for (let i = 1; i <= Math.min(second - before, size); i++) {
      this.#buckets[(before + i) % size] = 0;
    }
    this.#filled += Math.max(0, second - before);
    this.#second = Math.max(second, before);
    return this.#second;
  }
}
