/**
 * The server's wall clock as seen from here. Every answer narrows the offset
 * to an interval, for it was made between sending the question and receiving
 * the answer; the intervals' overlap is what is still possible. Our servers say
 * the time to the millisecond; behind a cache, which repeats old answers, there
 * is `Date` with its `Age`, to the second. Pure: local times are passed in.
 */

/** Header of all answers under `/hls/`: epoch milliseconds when it was sent. */
export const TIME_HEADER = 'amphi-time';

export interface ClockSample {
  /** Local epoch milliseconds when the question left and when its answer began to arrive. */
  sentAtMs: number;
  receivedAtMs: number;
  /** The answer's own time, epoch milliseconds. */
  serverMs?: number;
  /** The answer's `Date`, epoch milliseconds. */
  dateMs: number;
  /** The answer's `Age`: it was kept in a cache for so long, to the second. */
  ageSeconds?: number;
}

/** `Date` is cut to the second, and may be renewed a little late on a busy server. */
const RESOLUTION_MS = 1_000;
const SLACK_MS = 40;
/** A single answer that does not fit was kept in a cache that does not say so, such as the browser's; several are news. */
const CONTRADICTIONS = 5;
/** Machines of one deployment are synchronised no better than this. */
const TRUSTED_WITHIN_MS = 20_000;

export class ServerClock {
  #lowMs = Number.NEGATIVE_INFINITY;
  #highMs = Number.POSITIVE_INFINITY;
  #contradictions = 0;

  add(sample: ClockSample): void {
    const { sentAtMs, receivedAtMs } = sample;
    const [from, until] = madeWithin(sample);
    const low = from - receivedAtMs;
    const high = until - sentAtMs;
    if (!Number.isFinite(low) || !Number.isFinite(high)) return;
    if (high < low) return;
    const nextLow = Math.max(this.#lowMs, low);
    const nextHigh = Math.min(this.#highMs, high);
    if (nextLow <= nextHigh) {
      this.#lowMs = nextLow;
      this.#highMs = nextHigh;
      this.#contradictions = 0;
    } else if (++this.#contradictions >= CONTRADICTIONS) {
      // One of the clocks was set, or another server answers: begin anew.
      this.#lowMs = low;
      this.#highMs = high;
      this.#contradictions = 0;
    }
  }

  /**
   * Server minus local clock: of what is still possible the value next to
   * zero, since most clocks are set by the network and agree.
   */
  get offsetMs(): number {
    return Math.min(Math.max(0, this.#lowMs), this.#highMs);
  }

  /** Half the width of what is still possible. */
  get uncertaintyMs(): number {
    return (this.#highMs - this.#lowMs) / 2;
  }

  /** Whether a difference of the clocks can be told from their uncertainty. */
  get known(): boolean {
    return this.uncertaintyMs < TRUSTED_WITHIN_MS;
  }

  /** The server's epoch milliseconds at a local time. */
  at(localMs: number): number {
    return localMs + this.offsetMs;
  }
}

/** When the answer was made, by the server's clock, as far as it says. */
function madeWithin({ serverMs, dateMs, ageSeconds }: ClockSample): [from: number, until: number] {
  const aged = ageSeconds !== undefined && ageSeconds > 0;
  if (serverMs !== undefined && !aged) return [serverMs, serverMs + 1];
  const from = dateMs + (aged ? ageSeconds * 1000 : 0);
  return [from, from + RESOLUTION_MS * (aged ? 2 : 1) + SLACK_MS];
}
