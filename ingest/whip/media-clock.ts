/** A step of a stream's own clock against the server's by more than this is no drift. */
const JUMP_US = 200_000;
/** How fast the mapping follows drift: so slowly that nobody hears it. */
const SLEW = 0.005;
/** A publisher that sends no sender report for so long is placed by arrival instead. */
const PATIENCE_US = 1_500_000;

/**
 * Puts one stream of a WebRTC publisher on the clock that its streams share.
 * Sender reports tell where a sample belongs; between them the stream's own
 * clock counts, so that frames keep their even distance. Pure.
 */
export class MediaClock {
  #offsetUs: number | undefined;
  #lastMediaUs = 0;
  #firstArrivalUs: number | undefined;

  /**
   * The time of a sample, in microseconds since the epoch; undefined while
   * nothing is known yet. `mediaUs` is on the stream's clock, `capturedUs` by
   * the sender reports, `nowUs` the arrival.
   */
  map(mediaUs: number, capturedUs: number | undefined, nowUs: number): number | undefined {
    this.#firstArrivalUs ??= nowUs;
    if (capturedUs !== undefined) {
      this.#follow(capturedUs - mediaUs, mediaUs);
    } else if (this.#offsetUs === undefined) {
      if (nowUs - this.#firstArrivalUs < PATIENCE_US) return undefined;
      this.#offsetUs = nowUs - mediaUs;
    }
    this.#lastMediaUs = mediaUs;
    return mediaUs + (this.#offsetUs ?? 0);
  }

  #follow(targetUs: number, mediaUs: number): void {
    const offsetUs = this.#offsetUs;
    if (offsetUs === undefined || Math.abs(targetUs - offsetUs) > JUMP_US) {
      this.#offsetUs = targetUs;
      return;
    }
    const most = Math.abs(mediaUs - this.#lastMediaUs) * SLEW;
    this.#offsetUs = offsetUs + Math.max(-most, Math.min(most, targetUs - offsetUs));
  }
}
