/** A hole longer than this is closed for receivers: they would wait for the time in it to pass. */
const HOLE_US = 1_000_000;

/**
 * Takes holes out of the time of media that is made in one place. Where its maker
 * fell behind and skipped to the present, capture times jump ahead of the clock;
 * a receiver that has got used to late pictures would hold back those behind the
 * hole for as long as it is. Streams come to a hole one after the other; the first
 * closes it for all. Pure; times in microseconds.
 */
export class MediaTime {
  /** Taken off capture times behind the newest hole, and of those before it. */
  #behindUs = 0;
  #beforeUs = 0;
  #fromUs = Number.NEGATIVE_INFINITY;

  /** How much to take off this capture time. */
  leadUs(capturedUs: number): number {
    return capturedUs >= this.#fromUs ? this.#behindUs : this.#beforeUs;
  }

  /** A stream comes to this capture time from `lastUs`, so much later by the clock. */
  advance(lastUs: number, capturedUs: number, elapsedUs: number): void {
    const holeUs = capturedUs - lastUs;
    // Another stream has been here already when this one comes from before the hole.
    const isNew = lastUs >= this.#fromUs;
    if (holeUs <= HOLE_US || !isNew) return;
    this.#beforeUs = this.#behindUs;
    this.#behindUs += Math.max(0, holeUs - elapsedUs);
    this.#fromUs = capturedUs - HOLE_US;
  }
}
