import { wrapDistance } from '#base';
import type { StreamClock } from '../packet/sender-clock.ts';

const TIMESTAMP_BITS = 32;
/** In ticks: two pictures never share a timestamp. */
const MIN_TIMESTAMP_STEP = 48;
/** So long after it caught up a receiver may still ask for a packet from before. */
const KEPT_SECONDS = 10;

/**
 * The timestamps of one outgoing stream: they go on through switches between
 * incoming ones, and run faster than those while a receiver catches up with what
 * the cache held. Timestamps in ticks of the clock rate, mod 2^32.
 */
export class OutgoingClock {
  readonly #clockRate: number;
  /** The clock of the incoming stream that `#offset` is for. */
  #source: StreamClock | undefined;
  #offset = 0;
  #last: number | undefined;
  #lastSentUs = 0;
  /** While it catches up: from this incoming timestamp on, this many ticks take the place of that many. */
  #hurried = false;
  #from = 0;
  #live = 0;
  #span = 0;
  #ticks = 0;

  constructor(clockRate: number) {
    this.#clockRate = clockRate;
  }

  /** The newest that went out; undefined before the first. */
  get last(): number | undefined {
    return this.#last;
  }

  /** What goes out for an incoming timestamp. */
  map(timestamp: number): number {
    if (this.#hurried) {
      const into = wrapDistance(this.#from, timestamp, TIMESTAMP_BITS);
      if (into >= 0 && into < this.#span) {
        const hurried = Math.round((into * this.#ticks) / this.#span);
        return (this.#live + hurried + this.#offset) >>> 0;
      }
      if (into > this.#span + KEPT_SECONDS * this.#clockRate) this.#hurried = false;
    }
    return (timestamp + this.#offset) >>> 0;
  }

  /** A packet with this incoming timestamp went out. */
  sent(timestamp: number, nowUs: number): void {
    const out = this.map(timestamp);
    if (this.#last !== undefined && wrapDistance(this.#last, out, TIMESTAMP_BITS) <= 0) return;
    this.#last = out;
    this.#lastSentUs = nowUs;
  }

  /** Goes on with another incoming stream, or with the same one after a pause, at this timestamp of its own. */
  switchTo(source: StreamClock | undefined, timestamp: number, nowUs: number): void {
    if (this.#last !== undefined) {
      this.#offset = this.#offsetFor(source, timestamp, this.#last, nowUs);
    }
    this.#source = source;
    this.#hurried = false;
  }

  /**
   * The same at a picture from the past, `from`, of a stream that has come to
   * `live` by now. What lies between goes out as if it were being taken now, and
   * within `seconds` the receiver sees what is live.
   */
  catchUp(
    source: StreamClock | undefined,
    from: number,
    { live, seconds }: { live: number; seconds: number },
    nowUs: number,
  ): void {
    this.switchTo(source, live, nowUs);
    this.#hurried = true;
    this.#from = from;
    this.#live = live;
    this.#ticks = Math.round(seconds * this.#clockRate);
    this.#span = Math.max(0, wrapDistance(from, live, TIMESTAMP_BITS)) + this.#ticks;
  }

  /**
   * What to add to the new stream's timestamps. From sender reports of both
   * streams where there are, so that lips stay in sync to the tick; else from
   * the time that has gone by since the last picture.
   */
  #offsetFor(to: StreamClock | undefined, timestamp: number, last: number, nowUs: number): number {
    const from = this.#source;
    let offset: number | undefined;
    if (from === to) offset = this.#offset;
    else if (from?.reported && to?.reported) {
      const ahead = from.aheadOf(to, nowUs);
      if (ahead !== undefined) offset = this.#offset - ahead;
    }
    const elapsedTicks = Math.round(((nowUs - this.#lastSentUs) / 1e6) * this.#clockRate);
    offset ??= last + elapsedTicks - timestamp;
    const step = wrapDistance(last, timestamp + offset, TIMESTAMP_BITS);
    return step < MIN_TIMESTAMP_STEP ? offset + MIN_TIMESTAMP_STEP - step : offset;
  }

  /** The outgoing timestamp of a point of our time, for sender reports; undefined before anything is known. */
  timestampAt(us: number): number | undefined {
    const timestamp = this.#source?.timestampAt(us);
    return timestamp === undefined ? undefined : (timestamp + this.#offset) >>> 0;
  }
}
