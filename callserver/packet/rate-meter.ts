const WINDOW_MS = 1_000;

/** Bits per second over the last whole second. */
export class RateMeter {
  #bytes = 0;
  #since = 0;
  #rate = 0;

  add(bytes: number, nowMs: number): void {
    if (nowMs - this.#since >= WINDOW_MS) this.#turn(nowMs);
    this.#bytes += bytes;
  }

  bitsPerSecond(nowMs: number): number {
    if (nowMs - this.#since >= WINDOW_MS) this.#turn(nowMs);
    return this.#rate;
  }

  #turn(nowMs: number): void {
    const elapsed = nowMs - this.#since;
    // After a silence the old window says nothing about now.
    this.#rate = elapsed >= 2 * WINDOW_MS ? 0 : Math.round((this.#bytes * 8000) / elapsed);
    this.#bytes = 0;
    this.#since = nowMs;
  }
}
