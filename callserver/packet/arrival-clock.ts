import { wrapDistance } from '#base';
import { ABS_SEND_TIME_BITS, ABS_SEND_TIME_RATE } from '#protocol';

/** The best path is looked for in the last one or two of these. */
const WINDOW_MS = 10_000;
/**
 * Delay up to this is our own: packets wait for the event loop in bunches, and a
 * sender that is told so takes it for congestion.
 */
const OWN_JITTER_MS = 15;

/** When a sender's packets reached this machine, seen past the jitter of our own queue. */
export class ArrivalClock {
  #lastSend: number | undefined;
  #sendMs = 0;
  #windowStart = 0;
  #best = Number.POSITIVE_INFINITY;
  #bestBefore = Number.POSITIVE_INFINITY;
  #excessMs = 0;

  /** How much longer than at best the last packet was under way, network and our queue together. */
  get excessMs(): number {
    return this.#excessMs;
  }

  /** The arrival to report for a packet with this `abs-send-time` that is handled now. */
  arrival(absSendTime: number, nowMs: number): number {
    this.#sendMs +=
      this.#lastSend === undefined
        ? 0
        : (wrapDistance(this.#lastSend, absSendTime, ABS_SEND_TIME_BITS) * 1000) /
          ABS_SEND_TIME_RATE;
    this.#lastSend = absSendTime;
    const underWay = nowMs - this.#sendMs;
    if (nowMs - this.#windowStart > WINDOW_MS) {
      this.#windowStart = nowMs;
      this.#bestBefore = this.#best;
      this.#best = underWay;
    } else if (underWay < this.#best) {
      this.#best = underWay;
    }
    this.#excessMs = underWay - Math.min(this.#best, this.#bestBefore);
    return nowMs - Math.min(this.#excessMs, OWN_JITTER_MS);
  }
}
