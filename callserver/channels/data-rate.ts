/** Positions, chat and game state need a hundredth of it. */
export const MAX_MESSAGES_PER_SECOND = 500;
export const MAX_BYTES_PER_SECOND = 1024 * 1024;
/** Who sends so many times as much does not slow down by itself. */
const FLOOD = 8;
const SECOND_MS = 1_000;

/** What one producer may send in a second. */
export class DataRate {
  #sinceMs = Number.NEGATIVE_INFINITY;
  #messages = 0;
  #bytes = 0;
  #offered = 0;

  /** Counts a message. False when it is one too many. */
  admit(bytes: number, nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= SECOND_MS) {
      this.#sinceMs = nowMs;
      this.#messages = 0;
      this.#bytes = 0;
      this.#offered = 0;
    }
    this.#offered++;
    if (this.#messages >= MAX_MESSAGES_PER_SECOND) return false;
    if (this.#bytes + bytes > MAX_BYTES_PER_SECOND) return false;
    this.#messages++;
    this.#bytes += bytes;
    return true;
  }

  /** Far more than may be was sent within this second. */
  get flooded(): boolean {
    return this.#offered > FLOOD * MAX_MESSAGES_PER_SECOND;
  }
}
