/** The empty path is looked for in the last one or two of these: clocks drift, routes change. */
const WINDOW_MS = 10_000;

/** How much longer than at best packets are under way: what waits in the queues of the path. */
export class QueueDelay {
  #windowStart = Number.NEGATIVE_INFINITY;
  #best = Number.POSITIVE_INFINITY;
  #bestBefore = Number.POSITIVE_INFINITY;
  /** Of the last packet. */
  ms = 0;

  add(sentMs: number, arrivalMs: number): void {
    const underWay = arrivalMs - sentMs;
    if (sentMs - this.#windowStart > WINDOW_MS) {
      this.#windowStart = sentMs;
      this.#bestBefore = this.#best;
      this.#best = underWay;
    } else if (underWay < this.#best) {
      this.#best = underWay;
    }
    this.ms = underWay - Math.min(this.#best, this.#bestBefore);
  }
}
