/** A page opens a handful; who opens and closes all the time keeps the owner busy. */
export const MAX_OPENINGS = 128;
const WINDOW_MS = 60_000;

/** How many channels a peer may open within a minute. */
export class OpeningRate {
  #sinceMs = Number.NEGATIVE_INFINITY;
  #count = 0;

  /** Counts an opening. False when it is one too many. */
  admit(nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= WINDOW_MS) {
      this.#sinceMs = nowMs;
      this.#count = 0;
    }
    if (this.#count >= MAX_OPENINGS) return false;
    this.#count++;
    return true;
  }
}
