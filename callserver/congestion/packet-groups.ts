/** draft-ietf-rmcat-gcc-02, section 5.2: packets sent within this belong together. */
const BURST_MS = 5;
/** A burst that goes on for longer is several. */
const MAX_BURST_MS = 100;
/** A wilder step is the receiver's clock, not the path. */
const MAX_CLOCK_STEP_MS = 3_000;

/**
 * Inter-arrival time (draft-ietf-rmcat-gcc-02, sections 5.2 and 5.3): gathers
 * packets that were sent as one burst, or came in as one because something on
 * the way held them up, and says how the distances between groups changed.
 */
export class PacketGroups {
  /** Between the last two whole groups, in milliseconds. */
  sentDeltaMs = 0;
  arrivalDeltaMs = 0;
  #firstSentMs = Number.NaN;
  #firstArrivalMs = 0;
  #lastSentMs = 0;
  #lastArrivalMs = 0;
  #previousSentMs = Number.NaN;
  #previousArrivalMs = 0;

  /** Takes a packet that has arrived. Returns true when it begins a group and the deltas before it are new. */
  add(sentMs: number, arrivalMs: number): boolean {
    if (Number.isNaN(this.#firstSentMs)) {
      this.#begin(sentMs, arrivalMs);
      return false;
    }
    // Overtaken on the way: it belongs to a group that is closed.
    if (sentMs < this.#firstSentMs) return false;
    if (this.#belongs(sentMs, arrivalMs)) {
      if (sentMs > this.#lastSentMs) this.#lastSentMs = sentMs;
      if (arrivalMs > this.#lastArrivalMs) this.#lastArrivalMs = arrivalMs;
      return false;
    }
    const known = !Number.isNaN(this.#previousSentMs);
    this.sentDeltaMs = this.#lastSentMs - this.#previousSentMs;
    this.arrivalDeltaMs = this.#lastArrivalMs - this.#previousArrivalMs;
    this.#previousSentMs = this.#lastSentMs;
    this.#previousArrivalMs = this.#lastArrivalMs;
    this.#begin(sentMs, arrivalMs);
    if (!known) return false;
    if (Math.abs(this.arrivalDeltaMs - this.sentDeltaMs) > MAX_CLOCK_STEP_MS) {
      this.#previousSentMs = Number.NaN;
      return false;
    }
    // Groups that came in the wrong order say nothing about a queue.
    return this.arrivalDeltaMs >= 0;
  }

  #begin(sentMs: number, arrivalMs: number): void {
    this.#firstSentMs = sentMs;
    this.#lastSentMs = sentMs;
    this.#firstArrivalMs = arrivalMs;
    this.#lastArrivalMs = arrivalMs;
  }

  #belongs(sentMs: number, arrivalMs: number): boolean {
    if (sentMs - this.#firstSentMs <= BURST_MS) return true;
    const arrivalStep = arrivalMs - this.#lastArrivalMs;
    const delayStep = arrivalStep - (sentMs - this.#lastSentMs);
    return (
      delayStep < 0 && arrivalStep <= BURST_MS && arrivalMs - this.#firstArrivalMs < MAX_BURST_MS
    );
  }
}
