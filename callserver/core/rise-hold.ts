/** A rise that does not last this long was too early. */
const LASTING_MS = 10_000;
const FIRST_HOLD_MS = 2_000;
const MAX_HOLD_MS = 8_000;

/** Keeps a consumer from going up and down again and again: each rise that did not last makes the next one wait longer. */
export class RiseHold {
  #roseMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.NEGATIVE_INFINITY;
  #holdMs = FIRST_HOLD_MS;

  mayRise(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }

  rose(nowMs: number): void {
    this.#roseMs = nowMs;
  }

  fell(nowMs: number): void {
    const lasted = nowMs - this.#roseMs > LASTING_MS;
    this.#holdMs = lasted ? FIRST_HOLD_MS : Math.min(this.#holdMs * 2, MAX_HOLD_MS);
    this.#untilMs = nowMs + this.#holdMs;
  }
}
